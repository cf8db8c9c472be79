// A clock that moves only when a test says so.
#pragma once

#include <mutex>

#include "dataplane/core/clock.h"

namespace srsproxy {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  MonotonicTime Now() const override {
    const std::lock_guard lock(mutex_);
    return MonotonicTime() + absl::ToChronoNanoseconds(elapsed_);
  }
  absl::Time WallNow() const override {
    const std::lock_guard lock(mutex_);
    return wall_ + elapsed_;
  }
  void Advance(absl::Duration duration) {
    const std::lock_guard lock(mutex_);
    elapsed_ += duration;
  }
  // As somebody does who sets the machine's time.
  void SetWall(absl::Time now) {
    const std::lock_guard lock(mutex_);
    wall_ = now - elapsed_;
  }

 private:
  mutable std::mutex mutex_;
  absl::Duration elapsed_ = absl::Hours(1);
  absl::Time wall_ = absl::FromUnixSeconds(1'700'000'000);
};

}  // namespace srsproxy
