// PassiveHealth: one proxy's opinion of an origin, by how its own connections went (in other
// proxies: outlier detection), and when a DOWN origin is probed next. A value without a clock or
// lock of its own.
#pragma once

#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"

namespace srsproxy {

class PassiveHealth {
 public:
  // DOWN after `down_after` failures in a row, or one refused connection; a success ends it.
  void Report(ConnectOutcome outcome, int down_after);
  bool down() const { return down_; }
  // Why `outcome` has made it DOWN, or ended that: for an event.
  static std::string_view ReasonOf(ConnectOutcome outcome);

  // No probe is due before `at`.
  void ProbeFrom(MonotonicTime at) { next_probe_ = at; }
  // Whether a probe of a DOWN origin is due; the next one is an `interval` later then.
  bool TakeProbe(MonotonicTime now, absl::Duration interval);

 private:
  int failures_ = 0;
  bool down_ = false;
  MonotonicTime next_probe_;
};

}  // namespace srsproxy
