// What the sessions of one worker use.
#pragma once

#include <random>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/authorizer.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/session_index.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/http/live_streams.h"
#include "dataplane/proxy/http/static_files.h"
#include "dataplane/proxy/sessions/hop_guard.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/proxy/upstream/origin_connections.h"

namespace srsproxy {

// Outlives the sessions.
struct SessionServices {
  const LiveConfig& config;
  const Clock& clock;
  const Logger& logger;
  Metrics& metrics;
  WorkerMetrics& worker_metrics;
  Balancer& balancer;
  OriginRegistry& origins;
  net::Worker& worker;
  const net::DialRules& dial_rules;
  HopGuard& hop_guard;
  SessionTable& sessions;
  OriginConnections& origin_connections;
  const StreamView& streams;
  SessionIndex& session_index;
  HlsSessions& hls_sessions;
  Authorizer& authorizer;
  SessionLimit& cluster_requests;  // Of ClusterApi, on all workers.
  std::mt19937_64& random;
  MonotonicTime started;  // Of the proxy.
  // Set before the first session comes.
  const LiveStreams* live_streams = nullptr;
  StaticFiles* static_files = nullptr;  // nullptr: none are served.
};

}  // namespace srsproxy
