#include "dataplane/balance/rebalance_plans.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

namespace srsproxy {
namespace {

constexpr size_t kMaxPlans = 8;
constexpr size_t kPageSize = 1000;

absl::flat_hash_map<StreamKey, std::string> PinsOf(const StreamView& streams) {
  absl::flat_hash_map<StreamKey, std::string> pins;
  std::string after;
  do {
    auto page = streams.ListPins(after, kPageSize);
    for (StreamPin& pin : page.pins) pins.emplace(std::move(pin.key), std::move(pin.server));
    after = std::move(page.next);
  } while (!after.empty());
  return pins;
}

absl::Status Changed(const std::string& what) {
  return absl::AbortedError(absl::StrCat(what, ": plan again"));
}

RebalancePlans::Basis BasisOf(const RebalancePlan& plan, const OriginSnapshot& origins,
                              PlacementOptions options) {
  RebalancePlans::Basis basis{std::move(options), {}};
  for (const PlannedMove& move : plan.moves) {
    for (const std::string& id : {move.from_origin_id, move.to_origin_id}) {
      if (basis.origins.contains(id)) continue;
      const auto origin = origins.Find(id);
      if (origin != nullptr) basis.origins[id] = {origin->generation, origin->weight};
    }
  }
  return basis;
}

}  // namespace

std::shared_ptr<const StoredPlan> RebalancePlans::Make(const RebalanceLimits& limits) {
  const auto origins = dependencies_.origins.snapshot();
  PlacementOptions options = dependencies_.balancer.options();
  RebalanceSurvey survey(origins, options);
  const auto pins = PinsOf(dependencies_.streams);
  std::string after;
  do {
    auto page = dependencies_.streams.List(after, kPageSize);
    for (const StreamMapping& mapping : page.mappings) {
      const auto pin = pins.find(mapping.key);
      survey.Add(mapping, pin == pins.end() ? std::nullopt : std::optional(pin->second));
    }
    after = std::move(page.next);
  } while (!after.empty());

  auto stored = std::make_shared<StoredPlan>();
  stored->limits = limits;
  stored->plan = survey.Plan(limits);
  stored->created_at = dependencies_.clock.WallNow();
  stored->expires_at = stored->created_at + kLife;
  KnownPlan known{stored, BasisOf(stored->plan, *origins, std::move(options)),
                  dependencies_.clock.Now() + absl::ToChronoNanoseconds(kLife)};

  const std::lock_guard lock(mutex_);
  stored->id = absl::StrFormat("%016x", random_());
  ForgetExpired();
  if (plans_.size() == kMaxPlans) plans_.pop_front();
  plans_.push_back(std::move(known));
  return stored;
}

absl::Status RebalancePlans::CheckUnchanged(const KnownPlan& plan) const {
  if (plan.basis.options != dependencies_.balancer.options()) {
    return Changed("the settings of placement have changed since the plan was made");
  }
  const auto origins = dependencies_.origins.snapshot();
  for (const auto& [id, state] : plan.basis.origins) {
    const auto origin = origins->Find(id);
    if (origin == nullptr || !TakesMoves(*origin) || origin->generation != state.generation ||
        origin->weight != state.weight) {
      return Changed(absl::StrCat("origin ", id, " has changed since the plan was made"));
    }
  }
  for (const PlannedMove& move : plan.stored->plan.moves) {
    const auto mapping = dependencies_.streams.Find(move.key);
    if (mapping.has_value() && mapping->version == move.version) continue;
    const std::string key = move.key.ToString();
    absl::Status status =
        Changed(absl::StrCat("stream ", key, " has been placed anew since the plan was made"));
    status.SetPayload(kStreamPayload, absl::Cord(key));
    return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<RebalancePlans::KnownPlan> RebalancePlans::Find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(plans_.begin(), plans_.end(),
                                  [&](const KnownPlan& plan) { return plan.stored->id == id; });
  if (found != plans_.end() && found->until > dependencies_.clock.Now()) {
    return *found;
  }
  return absl::NotFoundError(absl::StrCat("there is no plan ", ToAbsl(id),
                                          ": plans are kept for ten minutes, and not over a "
                                          "restart of the proxy; plan again"));
}

void RebalancePlans::ForgetOld() {
  const std::lock_guard lock(mutex_);
  ForgetExpired();
}

void RebalancePlans::ForgetExpired() {
  const MonotonicTime now = dependencies_.clock.Now();
  while (!plans_.empty() && plans_.front().until <= now) plans_.pop_front();
}

}  // namespace srsproxy
