// FleetOrigins: what of a fleet's Redis is about origins and their viewers: registrations,
// decisions and ids of HLS, for this proxy and for Go proxies.
#pragma once

#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/log.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/go_servers.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/redis_origin_store.h"
#include "dataplane/directory/redis/redis_session_index.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// Destroyed after the client has stopped.
class FleetOrigins {
 public:
  // All outlive it. Adds itself to `feed`.
  FleetOrigins(ScriptRunner& scripts, Link& link, FleetFeed& feed, const FleetBus& fleet,
               const Clock& clock, const Logger& logger);

  RedisOriginStore& origins() { return origins_; }
  RedisSessionIndex& sessions() { return sessions_; }

  // Redis is reached, or no longer is.
  void OnConnected() { origins_.OnConnected(); }
  void OnLost() { origins_.OnLost(); }
  // Call it each second.
  void Tick();
  void Stop();

 private:
  RedisOriginStore origins_;
  RedisSessionIndex sessions_;
  GoServers go_servers_;
};

}  // namespace srsproxy::redis
