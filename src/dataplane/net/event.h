// Wakes one waiting coroutine of the same worker.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "dataplane/net/task.h"

namespace srsproxy::net {

// Used on one worker only. Notify() before Wait() is not lost; several Notify() before a Wait() are
// one.
class Event {
 public:
  explicit Event(const asio::any_io_executor& executor);

  void Notify();
  // CANCELLED: the coroutine was cancelled, whether or not it was notified too.
  Task<absl::Status> Wait();

 private:
  asio::steady_timer timer_;
  bool notified_ = false;
};

}  // namespace srsproxy::net
