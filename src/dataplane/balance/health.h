// How alive an origin is by its heartbeats: two small state machines without a clock or lock of
// their own.
#pragma once

#include <optional>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

// HeartbeatTracker: how often an origin sends heartbeats, and for how long it has been idle.
class HeartbeatTracker {
 public:
  // `assumed`: the interval until one is set or observed.
  HeartbeatTracker(MonotonicTime now, absl::Duration assumed) : touched_(now), assumed_(assumed) {}

  // It gave a sign of life that is no heartbeat, such as registering again.
  void Touch(MonotonicTime now) { touched_ = now; }
  void Heartbeat(MonotonicTime now);
  void SetInterval(absl::Duration interval) { set_ = interval; }

  absl::Duration IdleTime(MonotonicTime now) const { return absl::FromChrono(now - touched_); }

  // As set, else observed (the shorter of the last two gaps, so that one pause does not count),
  // else assumed.
  absl::Duration Interval() const;

  // HEALTHY, SUSPECT after 3 intervals but at least `min_suspect_after`, DEAD after `ttl`.
  OriginHealth HealthAt(MonotonicTime now, absl::Duration min_suspect_after,
                        absl::Duration ttl) const;

 private:
  MonotonicTime touched_;
  absl::Duration assumed_;
  std::optional<absl::Duration> set_;
  std::optional<MonotonicTime> last_heartbeat_;
  std::optional<absl::Duration> last_gap_;
  std::optional<absl::Duration> gap_before_;
};

// Silence of many origins at once is more likely a fault of this proxy's network than of theirs.
class SelfPreservation {
 public:
  // Whether leases that have run out may end now. `origins`: all that hold a lease; `expiring`:
  // those whose lease ends within this window or has ended. From 4 origins up, when more than half
  // are expiring, none may end until one `ttl` later.
  bool MayExpire(MonotonicTime now, size_t origins, size_t expiring, absl::Duration ttl);

  // Nothing is heard of others now: none may end until one `ttl` later.
  void Preserve(MonotonicTime now, absl::Duration ttl) {
    until_ = now + absl::ToChronoNanoseconds(ttl);
  }

  bool active() const { return until_.has_value(); }

 private:
  std::optional<MonotonicTime> until_;
};

}  // namespace srsproxy
