#include "dataplane/balance/operator_overrides.h"

#include <utility>

namespace srsproxy {
namespace {

// A drain is carried out by the proxy that drives the fleet, so that is where one begins.
absl::Status CheckDriver(const OverridesChange& change, const FleetBus* fleet) {
  const bool drains = change.admin_state.value() == AdminState::kDraining ||
                      change.drain_deadline.value().has_value();
  return drains ? CheckDrives(fleet) : absl::OkStatus();
}

}  // namespace

std::vector<std::string> OperatorOverrides::Servers() const {
  std::vector<std::string> servers;
  for (const auto& [server, overrides] : store_.AllOverrides()) servers.push_back(server);
  return servers;
}

void OperatorOverrides::ChangeOverrides(std::string server, OverridesChange change,
                                        OriginStore::ChangeOverridesCallback done) {
  change.made_at = clock_.WallNow();
  if (auto status = CheckDriver(change, fleet_); !status.ok()) return done(std::move(status));
  store_.ChangeOverrides(std::move(server), std::move(change), std::move(done));
}

absl::StatusOr<OriginOverrides> OperatorOverrides::Check(std::string_view server,
                                                         OverridesChange change) const {
  change.made_at = clock_.WallNow();
  if (auto status = ValidateServer(server); !status.ok()) return status;
  if (auto status = CheckDriver(change, fleet_); !status.ok()) return status;
  return Merge(store_.Overrides(server), change);
}

void OperatorOverrides::Apply(Origin& origin, OriginOverrides overrides) {
  const OriginRegistration& registered = origin.registration;
  origin.admin_state = overrides.admin_state.value_or(AdminState::kActive);
  origin.weight = overrides.weight.value_or(registered.weight);
  origin.zone = overrides.zone.value_or(registered.zone);
  origin.labels = overrides.labels.value_or(registered.labels);
  origin.capacity = overrides.capacity.value_or(registered.capacity);
  origin.overrides = std::move(overrides);
}

}  // namespace srsproxy
