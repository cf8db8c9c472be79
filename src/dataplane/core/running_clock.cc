#include "dataplane/core/running_clock.h"

#include <algorithm>

namespace srsproxy {

RunningClock::RunningClock(const Clock& clock, absl::Duration longest_gap)
    : clock_(clock),
      longest_gap_(absl::ToChronoNanoseconds(longest_gap)),
      stops_at_(clock.Now() + longest_gap_) {}

MonotonicTime RunningClock::Now() const {
  const std::lock_guard lock(mutex_);
  return std::min(clock_.Now(), stops_at_) - not_counted_;
}

absl::Duration RunningClock::Tick() {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.Now();
  const auto pause = std::max(now - stops_at_, MonotonicTime::duration::zero());
  not_counted_ += pause;
  stops_at_ = now + longest_gap_;
  return absl::FromChrono(pause);
}

}  // namespace srsproxy
