// Which streams would have to move so that every origin has its fair share: a pure function of the
// mappings, the origins and the settings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "dataplane/balance/candidates.h"
#include "dataplane/balance/origin_shares.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

struct RebalanceLimits {
  static constexpr uint32_t kMaxMoves = 10'000;  // What operators may want.

  uint32_t max_kicked = 0;  // Sessions that may be ended, over all moves.
  uint32_t max_moves = kMaxMoves;
};

struct PlannedMove {
  StreamKey key;
  std::string from_origin_id;
  std::string to_origin_id;
  uint64_t version = 0;
  uint32_t sessions_kicked = 0;
  bool publisher_live = false;
};

struct RebalancePlan {
  std::vector<OriginShare> shares;  // Of every origin that streams may move to, by id.
  std::vector<PlannedMove> moves;   // In the order in which they are to be made.
  double imbalance_before = 0;
  double imbalance_after = 0;
  uint32_t sessions_kicked = 0;
  uint32_t held_by_sessions = 0;  // More streams that would move, could all sessions be ended.
};

// Takes the mappings one after another, then plans. Keeps about 150 bytes for each that is in use;
// names that nobody uses are no load, weigh nothing and stay where they are.
//
// A stream moves only between origins that take moves, never to another zone when one is set, and
// only to where its pin, else the first placement rule that fits it, lets it. One that waits for a
// move already stays. Every move makes the fuller of two origins emptier, so no plan makes the
// imbalance greater, and a plan that was made and not held up leaves nothing to plan. Streams
// without a publisher move first, then those with one, each kind with the fewest sessions first.
class RebalanceSurvey {
 public:
  RebalanceSurvey(std::shared_ptr<const OriginSnapshot> origins, PlacementOptions options);
  RebalanceSurvey(const RebalanceSurvey&) = delete;
  RebalanceSurvey& operator=(const RebalanceSurvey&) = delete;

  void Add(const StreamMapping& mapping, const std::optional<std::string>& pinned_server);

  RebalancePlan Plan(const RebalanceLimits& limits) const;

 private:
  friend class RebalancePlanner;

  struct Stream {
    StreamKey key;
    uint64_t version = 0;
    uint32_t origin = 0;   // In OriginSnapshot::origins.
    uint32_t choices = 0;  // In choices_.
    uint32_t sessions = 0;
    bool published = false;
  };

  uint32_t ChoicesFor(const StreamMapping& mapping, const std::optional<std::string>& pinned_server,
                      uint32_t origin);
  const PlacementRule* RuleFor(const StreamKey& key);

  const std::shared_ptr<const OriginSnapshot> origins_;
  const PlacementOptions options_;
  absl::flat_hash_map<std::string, uint32_t> usable_;      // Index by id.
  std::vector<std::vector<uint32_t>> choices_;             // Origins; the first set is empty.
  absl::flat_hash_map<std::string, uint32_t> choices_by_;  // By what restricts, and the zone.
  absl::flat_hash_map<std::string, const PlacementRule*> rule_by_app_;  // By vhost/app.
  std::vector<uint64_t> streams_by_origin_;
  std::vector<Stream> streams_;  // Those that may move.
};

}  // namespace srsproxy
