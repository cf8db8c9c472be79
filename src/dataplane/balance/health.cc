#include "dataplane/balance/health.h"

#include <algorithm>

namespace srsproxy {
namespace {

constexpr size_t kMinOriginsToPreserve = 4;

}  // namespace

void HeartbeatTracker::Heartbeat(MonotonicTime now) {
  if (last_heartbeat_.has_value()) {
    gap_before_ = last_gap_;
    last_gap_ = absl::FromChrono(now - *last_heartbeat_);
  }
  last_heartbeat_ = now;
  touched_ = now;
}

absl::Duration HeartbeatTracker::Interval() const {
  if (set_.has_value()) return *set_;
  if (last_gap_.has_value() && gap_before_.has_value()) return std::min(*last_gap_, *gap_before_);
  return assumed_;
}

OriginHealth HeartbeatTracker::HealthAt(MonotonicTime now, absl::Duration min_suspect_after,
                                        absl::Duration ttl) const {
  const absl::Duration idle = IdleTime(now);
  if (idle >= ttl) return OriginHealth::kDead;
  if (idle >= std::max(min_suspect_after, 3 * Interval())) return OriginHealth::kSuspect;
  return OriginHealth::kHealthy;
}

bool SelfPreservation::MayExpire(MonotonicTime now, size_t origins, size_t expiring,
                                 absl::Duration ttl) {
  if (until_.has_value()) {
    if (now < *until_) return false;
    until_.reset();
    return true;
  }
  if (origins < kMinOriginsToPreserve || 2 * expiring <= origins) return true;
  until_ = now + absl::ToChronoNanoseconds(ttl);
  return false;
}

}  // namespace srsproxy
