// Rebalancer: applies plans of rebalances, move by move.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/rebalance_plans.h"
#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// How far the application of a plan is.
struct RebalanceProgress {
  enum class State : uint8_t { kRunning, kDone, kCancelled };

  std::string id;  // Of the plan.
  State state = State::kRunning;
  uint32_t moves_total = 0;
  uint32_t moves_done = 0;
  uint32_t moves_skipped = 0;
  uint32_t sessions_kicked = 0;
  absl::Time started_at;
  std::optional<absl::Time> ended_at;
  std::vector<std::string> messages;  // Why moves were skipped, for people; the first 20.
};

// Thread-safe. Rebalances live in this process; the last few are kept.
//
// A move is made only while the stream is where the plan saw it, has no publisher that the plan did
// not see, and the sessions that it ends are within the plan's limit; else it is skipped. Moving
// sessions along is the migration controller's work.
class Rebalancer {
 public:
  // How long a live publisher may take to end before its move is taken back.
  static constexpr absl::Duration kPublisherWait = absl::Seconds(30);
  // How fast a plan is applied when nobody says otherwise, and the most that operators may want.
  static constexpr double kMovesPerSecond = 5;
  static constexpr double kMaxMovesPerSecond = 1000;

  // All outlive the rebalancer, which outlives every answer of `streams`.
  struct Dependencies {
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
    const OriginRegistry& origins;
    StreamDirectory& streams;
    const StickyBalancer& balancer;
    const FleetBus* fleet = nullptr;  // Null: this proxy is alone.
  };

  // `seed` makes the ids: another one for each process.
  Rebalancer(const Dependencies& dependencies, uint64_t seed);
  Rebalancer(const Rebalancer&) = delete;
  Rebalancer& operator=(const Rebalancer&) = delete;

  // As RebalancePlans::Make.
  std::shared_ptr<const StoredPlan> Plan(const RebalanceLimits& limits) {
    return plans_.Make(limits);
  }

  // OK: Apply would begin, or has begun before. Errors as of Apply.
  absl::Status CheckApply(std::string_view plan_id);

  // Begins, or returns how far it is. NOT_FOUND: no such plan. FAILED_PRECONDITION: another one
  // runs, or as CheckDrives. ABORTED: a stream or an origin of the plan, or the settings of
  // placement, have changed.
  absl::StatusOr<RebalanceProgress> Apply(std::string_view plan_id, double moves_per_second);

  // `id` is empty: the latest. NOT_FOUND.
  absl::StatusOr<RebalanceProgress> Get(std::string_view id) const;

  // `id` is empty: the one that runs. NOT_FOUND. FAILED_PRECONDITION: it has ended. Moves that wait
  // for a publisher's end are taken back.
  absl::StatusOr<RebalanceProgress> Cancel(std::string_view id);

  // Empty: none.
  std::string RunningId() const;

  // Makes the moves that are due. Cancels what runs when another proxy has come to drive the fleet.
  // Call it about ten times a second, on one thread.
  void Tick();

 private:
  // A move that waits for its publisher's end.
  struct Waiting {
    const PlannedMove* move;
    uint32_t sessions;
    MonotonicTime until;
  };
  struct Run {
    std::shared_ptr<const StoredPlan> plan;
    RebalanceProgress progress;
    double moves_per_second = 0;
    double allowance = 0;  // Moves that may be made now.
    MonotonicTime refilled;
    size_t next = 0;                // In the plan's moves.
    uint32_t in_flight = 0;         // Moves whose answer has not come.
    uint32_t sessions_claimed = 0;  // Kicked, or to be kicked by moves that are not settled.
    std::vector<Waiting> waiting;
  };

  // What is wrong with making the move now; empty: nothing.
  std::string Obstacle(const Run& run, const PlannedMove& move,
                       const std::optional<StreamMapping>& mapping) const;
  void Make(const std::shared_ptr<Run>& run, const PlannedMove& move);
  void Settle(Run& run, const PlannedMove& move, uint32_t sessions,
              const absl::StatusOr<MoveOutcome>& outcome);
  void LookAtWaiting(Run& run);
  void TakeBack(const PlannedMove& move);

  // All of these are called with mutex_ held.
  std::shared_ptr<Run> FindRun(std::string_view id) const;
  absl::Status CheckIdle() const;
  // Without mutex_ too.
  bool drives() const { return dependencies_.fleet == nullptr || dependencies_.fleet->drives(); }
  void Done(Run& run, uint32_t sessions);
  void Skip(Run& run, uint32_t sessions, std::string why);
  void EndIfComplete(Run& run);
  void End(Run& run, RebalanceProgress::State state);

  const Dependencies dependencies_;

  RebalancePlans plans_;

  mutable std::mutex mutex_;               // Guards all below.
  std::deque<std::shared_ptr<Run>> runs_;  // Oldest first.
  std::shared_ptr<Run> running_;
};

}  // namespace srsproxy
