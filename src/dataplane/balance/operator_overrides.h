// OperatorOverrides: what operators decided for each `server`, registered or not, and who may
// decide it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// As thread-safe as the store.
class OperatorOverrides {
 public:
  // All outlive it. `fleet` is null: this proxy is alone.
  OperatorOverrides(const Clock& clock, OriginStore& store, const FleetBus* fleet)
      : clock_(clock), store_(store), fleet_(fleet) {}

  OriginOverrides Of(std::string_view server) const { return store_.Overrides(server); }
  // All servers about which an operator has decided anything.
  std::vector<std::string> Servers() const;

  // Changes what is in force for every origin of `server`, now and later:
  // OriginStore::ChangeOverrides with its answers, made at this time. OriginRegistry::snapshot()
  // shows it when `done` is called. A drain is begun, or its deadline changed, by the proxy only
  // that drives the fleet: else FAILED_PRECONDITION, as CheckDrives.
  void ChangeOverrides(std::string server, OverridesChange change,
                       OriginStore::ChangeOverridesCallback done);
  // What ChangeOverrides would answer, as far as is known here; changes nothing.
  absl::StatusOr<OriginOverrides> Check(std::string_view server, OverridesChange change) const;

  // Gives `origin` these overrides in place of those that it had.
  static void Apply(Origin& origin, OriginOverrides overrides);

 private:
  const Clock& clock_;
  OriginStore& store_;
  const FleetBus* const fleet_;
};

}  // namespace srsproxy
