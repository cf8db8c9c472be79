#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace srsproxy::bench {

// A bare epoll loop for one thread, level-triggered. Ends the process with a message when the
// system refuses what a load generator cannot do without.
class EventLoop {
 public:
  using Callback = std::function<void(uint32_t events)>;  // EPOLLIN, EPOLLOUT, ...

  EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  // `callback` is not owned and has to outlive the descriptor's stay here; closing the descriptor
  // ends that stay, but an event that came in the same batch may still be told.
  void Add(int descriptor, uint32_t events, Callback* callback);
  void Change(int descriptor, uint32_t events, Callback* callback);

  // Answers each line on standard input with `report()` on standard output, until its end.
  void Run(const std::function<std::string()>& report);

 private:
  int epoll_;
};

// Calls `tick` every `period` once added to a loop.
class Ticker {
 public:
  Ticker(EventLoop& loop, std::chrono::milliseconds period, std::function<void()> tick);
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker();

 private:
  int timer_;
  EventLoop::Callback ready_;
};

// Sockets on 127.0.0.1, non-blocking, with TCP_NODELAY.
int Listen();
int PortOf(int listener);
int Accept(int listener);    // -1 when nobody waits
int Connect(uint16_t port);  // -1 when nobody listens there

// Says what failed, with errno in words, and ends the process.
[[noreturn]] void Die(const char* what);

}  // namespace srsproxy::bench
