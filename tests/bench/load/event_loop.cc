#include "tests/bench/load/event_loop.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace srsproxy::bench {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void Control(int epoll, int operation, int descriptor, uint32_t events,
             EventLoop::Callback* callback) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = callback;
  if (epoll_ctl(epoll, operation, descriptor, &event) != 0) Die("epoll_ctl");
}

void SendAtOnce(int socket) {
  const int on = 1;
  if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) Die("TCP_NODELAY");
}

}  // namespace

void Die(const char* what) {
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) Die("epoll_create1");
}

EventLoop::~EventLoop() { close(epoll_); }

void EventLoop::Add(int descriptor, uint32_t events, Callback* callback) {
  Control(epoll_, EPOLL_CTL_ADD, descriptor, events, callback);
}

void EventLoop::Change(int descriptor, uint32_t events, Callback* callback) {
  Control(epoll_, EPOLL_CTL_MOD, descriptor, events, callback);
}

void EventLoop::Run(const std::function<std::string()>& report) {
  bool ended = false;
  Callback on_input = [&](uint32_t) {
    std::array<char, 256> line;
    const ssize_t size = read(STDIN_FILENO, line.data(), line.size());
    ended = size <= 0;
    for (ssize_t i = 0; i < size; ++i) {
      if (line[i] == '\n') std::puts(report().c_str());
    }
    std::fflush(stdout);
  };
  Add(STDIN_FILENO, EPOLLIN, &on_input);

  std::array<epoll_event, 256> events;
  while (!ended) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    if (count < 0 && errno != EINTR) Die("epoll_wait");
    for (int i = 0; i < count; ++i) (*static_cast<Callback*>(events[i].data.ptr))(events[i].events);
  }
}

Ticker::Ticker(EventLoop& loop, std::chrono::milliseconds period, std::function<void()> tick)
    : timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      ready_([this, tick = std::move(tick)](uint32_t) {
        uint64_t missed;
        if (read(timer_, &missed, sizeof(missed)) == sizeof(missed)) tick();
      }) {
  const auto nanoseconds = std::chrono::nanoseconds(period).count();
  itimerspec interval{};
  interval.it_interval = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  interval.it_value = interval.it_interval;
  if (timer_ < 0 || timerfd_settime(timer_, 0, &interval, nullptr) != 0) Die("timerfd");
  loop.Add(timer_, EPOLLIN, &ready_);
}

Ticker::~Ticker() { close(timer_); }

int Listen() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(0);
  if (listener < 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(listener, SOMAXCONN) != 0) {
    Die("listen");
  }
  return listener;
}

int PortOf(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) Die("getsockname");
  return ntohs(address.sin_port);
}

int Accept(int listener) {
  const int socket = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (socket >= 0) SendAtOnce(socket);
  if (socket < 0 && errno != EAGAIN && errno != ECONNABORTED) Die("accept");
  return socket;
}

int Connect(uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) Die("socket");
  SendAtOnce(descriptor);
  const sockaddr_in address = Loopback(port);
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ||
      errno == EINPROGRESS) {
    return descriptor;
  }
  if (errno != ECONNREFUSED) Die("connect");
  close(descriptor);
  return -1;
}

}  // namespace srsproxy::bench
