// Time as an input, so that leases, deadlines and health can be tested without waiting.
#pragma once

#include <chrono>

#include <absl/time/clock.h>
#include <absl/time/time.h>

namespace srsproxy {

using MonotonicTime = std::chrono::steady_clock::time_point;

// Thread-safe. Leases and deadlines use Now(); only what people read uses WallNow().
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonotonicTime Now() const { return std::chrono::steady_clock::now(); }
  virtual absl::Time WallNow() const { return absl::Now(); }
};

}  // namespace srsproxy
