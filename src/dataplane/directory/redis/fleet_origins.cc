#include "dataplane/directory/redis/fleet_origins.h"

namespace srsproxy::redis {

FleetOrigins::FleetOrigins(ScriptRunner& scripts, Link& link, FleetFeed& feed,
                           const FleetBus& fleet, const Clock& clock, const Logger& logger)
    : origins_({.scripts = scripts,
                .link = link,
                .clock = clock,
                .logger = logger,
                .state = [&feed] { return feed.state(); }}),
      sessions_(link, scripts.identity().keys, clock, logger),
      go_servers_({.link = link,
                   .keys = scripts.identity().keys,
                   .store = origins_,
                   .fleet = fleet,
                   .clock = clock}) {
  for (const char* kind : {"origin", "decision", "beats"}) feed.Add(kind, origins_);
}

void FleetOrigins::Tick() {
  go_servers_.Tick();
  origins_.Tick();
}

void FleetOrigins::Stop() {
  origins_.Stop();
  sessions_.Stop();
}

}  // namespace srsproxy::redis
