// A clock that stands still while this process does not run: nobody's silence is judged by what a
// process that was stopped, or a machine that was suspended, could not be reached.
#pragma once

#include <mutex>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"

namespace srsproxy {

// Thread-safe. Now() follows `clock` for at most `longest_gap` after each Tick, so it never counts
// more of a pause than that, also before the first Tick after it. (CLOCK_MONOTONIC, which is what
// Clock reads, stands still by itself while the kernel is suspended, but not while the process is
// stopped or a virtual machine is paused.) WallNow() is that of `clock`.
class RunningClock final : public Clock {
 public:
  // `clock` outlives it.
  RunningClock(const Clock& clock, absl::Duration longest_gap);

  MonotonicTime Now() const override;
  absl::Time WallNow() const override { return clock_.WallNow(); }

  // Records that the process runs; call it well within longest_gap. Returns how much of the time
  // since the last call is not counted: zero but after a pause.
  absl::Duration Tick();

 private:
  const Clock& clock_;
  const MonotonicTime::duration longest_gap_;
  mutable std::mutex mutex_;
  MonotonicTime stops_at_;                 // Of clock_: from then on this one stands still.
  MonotonicTime::duration not_counted_{};  // What it is behind clock_.
};

}  // namespace srsproxy
