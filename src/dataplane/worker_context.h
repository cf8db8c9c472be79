// What belongs to one worker: its sessions, and what they need.
#pragma once

#include <optional>
#include <random>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/authorizer.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/stores.h"
#include "dataplane/http_sites.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/hls/hls_needs.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/http/cluster_api.h"
#include "dataplane/proxy/http/http_session.h"
#include "dataplane/proxy/http/live_streams.h"
#include "dataplane/proxy/http/static_files.h"
#include "dataplane/proxy/rtmp/rtmp_session.h"
#include "dataplane/proxy/sessions/hop_guard.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/proxy/upstream/origin_connections.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only, once that runs; destroyed after the worker's thread has ended.
class WorkerContext {
 public:
  // What all workers share; outlives them.
  struct Shared {
    const LiveConfig& config;
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
    Authorizer& authorizer;
    const Stores& stores;
    const net::DialRules& dial_rules;
    Balancer& balancer;
    OriginRegistry& origins;
    HlsSessions& hls_sessions;
    SessionLimit& cluster_requests;
    BootId boot_id;
    MonotonicTime started;  // Of the proxy.
  };

  WorkerContext(net::Worker& worker, const Shared& shared);
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;

  // Before the first HTTP session. Both outlive it; `files` may be null.
  void ServeHttp(const LiveStreams& live_streams, StaticFiles* files);

  // What the worker does once a second, until it stops.
  net::Task<void> Maintain();

  net::Worker& worker() const { return context_.worker; }
  const SessionContext& context() const { return context_; }
  SessionTable& sessions() { return sessions_; }
  const RtmpSessionNeeds& rtmp() const { return rtmp_; }
  const HttpSessionNeeds& http() const { return http_; }
  const HttpSites& sites() const { return *sites_; }

 private:
  const StreamView& streams_;
  std::mt19937_64 random_;
  SessionTable sessions_;
  OriginConnections origin_connections_;
  HopGuard hop_guard_;
  const SessionContext context_;
  const UpstreamNeeds upstream_;
  const RtmpSessionNeeds rtmp_;
  const HttpSessionNeeds http_;
  const HlsNeeds hls_;
  const ClusterApiNeeds cluster_;
  std::optional<HttpSites> sites_;
};

}  // namespace srsproxy
