#include "dataplane/net/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy::net {
namespace {

constexpr int kMaxEvents = 256;

// Far below what a player buffers, less than a frame of most streams lasts, and long enough that a
// wake-up finds several connections to serve when a hundred viewers play.
constexpr auto kCoalesceFor = std::chrono::milliseconds(20);
// With fewer sockets than this, each event costs little and is worth handling at once.
constexpr size_t kCoalesceFrom = 64;

void Forget(std::vector<Poller::Target*>& targets, Poller::Target* target) {
  std::replace(targets.begin(), targets.end(), target, static_cast<Poller::Target*>(nullptr));
}

}  // namespace

Poller::Poller(Delivery delivery) : delivery_(delivery), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() { ::close(epoll_); }

bool Poller::Add(int fd, Target& target) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &target;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) return false;
  ++targets_;
  return true;
}

void Poller::Remove(int fd, Target& target) {
  if (::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) == 0) --targets_;
  Forget(batch_, &target);
  Forget(requeued_, &target);
}

Task<void> Poller::Run() {
  const auto executor = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor descriptor(executor, ::dup(epoll_));
  asio::steady_timer delay(executor);
  while (true) {
    if (requeued_.empty()) {
      const auto [error] =
          co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read, kNoThrow);
      if (error) co_return;
    } else {
      co_await asio::post(executor, asio::use_awaitable);
    }
    // Until a moment has passed without an event; only then is waiting for one the cheaper way.
    while (true) {
      skip_delay_ = false;
      DispatchRequeued();
      const bool quiet = DispatchEvents() == 0;
      const bool coalesces = delivery_ == Delivery::kCoalescing && targets_ >= kCoalesceFrom;
      if (!coalesces || quiet || skip_delay_ || !requeued_.empty()) break;
      delay.expires_after(kCoalesceFor);
      co_await delay.async_wait(kNoThrow);
    }
  }
}

void Poller::DispatchRequeued() {
  if (requeued_.empty()) return;
  batch_.swap(requeued_);
  for (size_t i = 0; i < batch_.size(); ++i) {
    if (Target* target = batch_[i]; target != nullptr) target->OnReady({.readable = true});
  }
  batch_.clear();
}

int Poller::DispatchEvents() {
  std::array<epoll_event, kMaxEvents> events;
  const int count = ::epoll_wait(epoll_, events.data(), kMaxEvents, 0);
  if (count == kMaxEvents) SkipDelay();
  for (int i = 0; i < count; ++i) batch_.push_back(static_cast<Target*>(events[i].data.ptr));
  for (int i = 0; i < count; ++i) {
    const uint32_t what = events[i].events;
    const bool ended = (what & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
    if (Target* target = batch_[i]; target != nullptr) {
      target->OnReady({.readable = ended || (what & EPOLLIN) != 0,
                       .writable = ended || (what & EPOLLOUT) != 0,
                       .ended = ended});
    }
  }
  batch_.clear();
  return count;
}

}  // namespace srsproxy::net
