#include "dataplane/balance/move_target.h"

#include <algorithm>
#include <utility>

#include "dataplane/balance/candidates.h"

namespace srsproxy {
namespace {

// The less, the better.
auto Rank(const Origin& origin) {
  return std::pair(origin.admin_state != AdminState::kActive, TierOf(origin));
}

std::string_view ObstacleOf(const Origin& origin) {
  if (origin.admin_state != AdminState::kActive) return ToName(origin.admin_state);
  if (!HoldsLease(origin)) return ToName(origin.health);
  return origin.down ? "this proxy cannot connect to it" : "";
}

}  // namespace

MoveTarget MoveTargetOf(const OriginSnapshot& origins, const StreamMapping& mapping,
                        std::span<const std::shared_ptr<const Origin>> meant) {
  const auto best = std::min_element(
      meant.begin(), meant.end(),
      [](const auto& one, const auto& other) { return Rank(*one) < Rank(*other); });
  if (best == meant.end()) return {"", "it is not registered now"};
  const Origin& target = **best;
  const auto holder = origins.Resolve(mapping.origin_id);
  if (holder != nullptr && holder->id == target.id) return {mapping.origin_id, ""};
  return {target.id, ObstacleOf(target)};
}

}  // namespace srsproxy
