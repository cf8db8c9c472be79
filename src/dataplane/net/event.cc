#include "dataplane/net/event.h"

namespace srsproxy::net {

Event::Event(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void Event::Notify() {
  if (notified_) return;
  notified_ = true;
  timer_.cancel();
}

Task<void> Event::Wait() {
  while (!notified_) co_await timer_.async_wait(kNoThrow);
  notified_ = false;
}

}  // namespace srsproxy::net
