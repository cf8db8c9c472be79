#include "dataplane/core/origin_decision.h"

namespace srsproxy {

absl::StatusOr<OriginOverrides> Merge(OriginOverrides before, const OriginDecision& decision) {
  OriginOverrides after = std::move(before);
  decision.admin_state.ApplyTo(after.admin_state);
  decision.weight.ApplyTo(after.weight);
  decision.zone.ApplyTo(after.zone);
  decision.labels.ApplyTo(after.labels);
  decision.capacity.ApplyTo(after.capacity);
  if (after.admin_state != AdminState::kDraining) {
    after.drain.reset();
  } else {
    if (!after.drain.has_value()) after.drain = OriginDrain{.started_at = decision.made_at};
    if (!decision.drain_deadline.leaves()) {
      after.drain->deadline = decision.drain_deadline.value().value_or(absl::InfiniteFuture());
    }
  }
  if (auto status = ValidateOverrides(after); !status.ok()) return status;
  return after;
}

}  // namespace srsproxy
