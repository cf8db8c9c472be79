// What the requests of HLS need, besides their client.
#pragma once

#include "dataplane/core/session_index.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// One for each worker. Outlives the requests, as does what it refers to.
struct HlsNeeds {
  const UpstreamNeeds& upstream;
  HlsSessions& sessions;
  SessionIndex& index;
};

}  // namespace srsproxy
