// One timeout for several waits in a row.
#pragma once

#include <chrono>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"

namespace srsproxy::net {

// Begins when it is made, and runs by the monotonic clock: whoever sets the machine's time ends
// nothing early and keeps nothing waiting.
class TimeLeft {
 public:
  explicit TimeLeft(absl::Duration timeout)
      : end_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout)) {}

  // Less than nothing when it is over.
  absl::Duration now() const { return absl::FromChrono(end_ - std::chrono::steady_clock::now()); }

 private:
  MonotonicTime end_;
};

}  // namespace srsproxy::net
