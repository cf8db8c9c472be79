// How alive an origin is by its heartbeats: two small state machines without a clock or lock of
// their own.
#pragma once

#include <optional>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

// How often an origin is heard, and how long it has been silent.
class HeartbeatRhythm {
 public:
  // `assumed`: the interval until one is told or observed.
  HeartbeatRhythm(MonotonicTime now, absl::Duration assumed) : heard_(now), assumed_(assumed) {}

  // It gave a sign of life that is no heartbeat, such as registering again.
  void Heard(MonotonicTime now) { heard_ = now; }
  void Heartbeat(MonotonicTime now);
  void Told(absl::Duration interval) { told_ = interval; }

  absl::Duration Silence(MonotonicTime now) const { return absl::FromChrono(now - heard_); }

  // Told, else observed (the shorter of the last two gaps, so that one pause does not count), else
  // assumed.
  absl::Duration Interval() const;

  // HEALTHY, SUSPECT after 3 intervals but at least `min_suspect_after`, DEAD after `ttl`.
  OriginHealth HealthAt(MonotonicTime now, absl::Duration min_suspect_after,
                        absl::Duration ttl) const;

 private:
  MonotonicTime heard_;
  absl::Duration assumed_;
  std::optional<absl::Duration> told_;
  std::optional<MonotonicTime> last_heartbeat_;
  std::optional<absl::Duration> last_gap_;
  std::optional<absl::Duration> gap_before_;
};

// Silence of many origins at once says more about this proxy's network than about them.
class SelfPreservation {
 public:
  // Whether leases that have run out may end now. `origins`: all that hold a lease; `expiring`:
  // those whose lease ends within this window or has ended. From 4 origins up, when more than half
  // are expiring, none may end until one `ttl` later.
  bool MayExpire(MonotonicTime now, size_t origins, size_t expiring, absl::Duration ttl);

  bool active() const { return until_.has_value(); }

 private:
  std::optional<MonotonicTime> until_;
};

}  // namespace srsproxy
