#include "dataplane/core/fleet_bus.h"

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

namespace srsproxy {

absl::Status CheckDrives(const FleetBus* fleet) {
  if (fleet == nullptr || fleet->drives()) return absl::OkStatus();
  const std::string driver = fleet->driver();
  absl::Status status = absl::FailedPreconditionError(
      driver.empty() ? "no proxy drives the fleet at the moment: try again"
                     : absl::StrCat("proxy ", driver, " drives the fleet: ask that one"));
  status.SetPayload(kDriverPayload, absl::Cord(driver));
  return status;
}

}  // namespace srsproxy
