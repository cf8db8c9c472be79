// What the ways to an origin need, whoever goes them.
#pragma once

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/proxy/sessions/hop_guard.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/upstream/origin_connections.h"

namespace srsproxy {

// One for each worker. Outlives the sessions, as does what it refers to.
struct UpstreamNeeds {
  const SessionContext& context;
  Balancer& balancer;
  OriginRegistry& origins;
  const net::DialRules& dial_rules;
  HopGuard& hop_guard;
  OriginConnections& connections;
  MonotonicTime proxy_started;
};

}  // namespace srsproxy
