#include "dataplane/core/overrides_change.h"

namespace srsproxy {

absl::StatusOr<OriginOverrides> Merge(OriginOverrides before, const OverridesChange& change) {
  OriginOverrides after = std::move(before);
  change.admin_state.ApplyTo(after.admin_state);
  change.weight.ApplyTo(after.weight);
  change.zone.ApplyTo(after.zone);
  change.labels.ApplyTo(after.labels);
  change.capacity.ApplyTo(after.capacity);
  if (after.admin_state != AdminState::kDraining) {
    after.drain.reset();
  } else {
    if (!after.drain.has_value()) after.drain = OriginDrain{.started_at = change.made_at};
    if (!change.drain_deadline.leaves()) {
      after.drain->deadline = change.drain_deadline.value().value_or(absl::InfiniteFuture());
    }
  }
  if (auto status = ValidateOverrides(after); !status.ok()) return status;
  return after;
}

}  // namespace srsproxy
