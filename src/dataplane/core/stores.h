// What outlives a session: made by main, of one kind or another, and given to the data plane.
#pragma once

#include <memory>

#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/session_index.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// All are set.
struct Stores {
  std::shared_ptr<StreamDirectory> streams;
  std::shared_ptr<OriginStore> origins;
  std::shared_ptr<SessionIndex> sessions;
  std::shared_ptr<FleetBus> fleet;

  // Every open question is answered, and later ones are at once; before the threads of callers
  // are gone. See StreamClaims::Stop. May be called again.
  void Stop() const {
    streams->Stop();
    origins->Stop();
    sessions->Stop();
    fleet->Stop();
  }
};

}  // namespace srsproxy
