#include "dataplane/net/event.h"

#include <utility>

namespace srsproxy::net {

Event::Event(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void Event::Notify() {
  if (notified_) return;
  notified_ = true;
  timer_.cancel();
}

Task<absl::Status> Event::Wait() {
  while (true) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (IsCancelled(state)) co_return CancelledStatus();
    if (std::exchange(notified_, false)) co_return absl::OkStatus();
    co_await timer_.async_wait(kNoThrow);
  }
}

}  // namespace srsproxy::net
