// RebalancePlans: makes plans of rebalances, and keeps the last few until they expire.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/rebalance.h"
#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_view.h"

namespace srsproxy {

// A plan that may be applied until it expires.
struct StoredPlan {
  std::string id;
  absl::Time created_at;
  absl::Time expires_at;
  RebalanceLimits limits;
  RebalancePlan plan;
};

// Where an ABORTED status of CheckUnchanged has the key of the stream at fault, when there is one.
inline constexpr char kStreamPayload[] = "srsproxy/stream";

// Thread-safe.
class RebalancePlans {
 public:
  static constexpr absl::Duration kLife = absl::Minutes(10);

  // All outlive the plans.
  struct Dependencies {
    const Clock& clock;
    const OriginRegistry& origins;
    const StreamView& streams;
    const StickyBalancer& balancer;
  };

  // What a plan rests on, besides the streams that it moves.
  struct Basis {
    struct OriginState {
      uint64_t generation = 0;
      double weight = 0;
    };
    PlacementOptions options;
    absl::flat_hash_map<std::string, OriginState> origins;  // Those of the moves.
  };
  struct KnownPlan {
    std::shared_ptr<const StoredPlan> stored;
    Basis basis;
    MonotonicTime until;  // When it expires.
  };

  // `seed` makes the ids: another one for each process.
  RebalancePlans(const Dependencies& dependencies, uint64_t seed)
      : dependencies_(dependencies), random_(seed) {}

  // Reads every mapping, which takes about a second for a million of them, and holds no lock
  // meanwhile.
  std::shared_ptr<const StoredPlan> Make(const RebalanceLimits& limits);

  // NOT_FOUND: no such plan, or it has expired.
  absl::StatusOr<KnownPlan> Find(std::string_view id) const;

  // ABORTED: a stream or an origin of the plan, or the settings of placement, have changed.
  absl::Status CheckUnchanged(const KnownPlan& plan) const;

  void ForgetOld();

 private:
  // With mutex_ held.
  void ForgetExpired();

  const Dependencies dependencies_;
  mutable std::mutex mutex_;  // Guards all below.
  std::mt19937_64 random_;
  std::deque<KnownPlan> plans_;  // Oldest first.
};

}  // namespace srsproxy
