#include "dataplane/directory/redis_stores.h"

#include <utility>

#include "dataplane/directory/redis/fleet_connection.h"

namespace srsproxy {

absl::StatusOr<Stores> MakeRedisStores(const Config& config, const Clock& clock, Metrics& metrics,
                                       const Logger& logger) {
  if (!config.state_dir.empty()) {
    return absl::FailedPreconditionError(
        "PROXY_STATE_DIR is set, and PROXY_LOAD_BALANCER_TYPE is redis: Redis keeps what that "
        "folder would; unset it");
  }
  auto made = redis::FleetConnection::Make(config, clock, metrics, logger);
  if (!made.ok()) return made.status();
  const std::shared_ptr<redis::FleetConnection> fleet = *std::move(made);
  const absl::Status started = fleet->Start();
  if (!started.ok()) return started;
  Stores stores;
  stores.streams = std::shared_ptr<StreamDirectory>(fleet, &fleet->streams());
  stores.origins = std::shared_ptr<OriginStore>(fleet, &fleet->origins().origins());
  stores.sessions = std::shared_ptr<SessionIndex>(fleet, &fleet->origins().sessions());
  stores.fleet = fleet;
  return stores;
}

}  // namespace srsproxy
