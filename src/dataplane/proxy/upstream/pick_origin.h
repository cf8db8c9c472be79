// What every session does to find its origin, besides the balancer's choice.
#pragma once

#include "dataplane/core/balancer.h"
#include "dataplane/net/task.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Has the balancer pick, on the worker of `needs`, which outlive the pick. Just after the start of
// the proxy a stream that has no place yet waits before that until the origins are there
// (StartSettle), StartSettle::kLongestWait at most. A client for which an origin was tried in vain
// does not wait again. CANCELLED: the coroutine was cancelled; what was picked is let go of.
net::Task<absl::StatusOr<Placement>> PickOrigin(const UpstreamNeeds& needs, PickRequest request);

}  // namespace srsproxy
