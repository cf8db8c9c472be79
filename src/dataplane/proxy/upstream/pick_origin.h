// What every session does to find its origin, besides asking the balancer.
#pragma once

#include <functional>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/net/task.h"

namespace srsproxy {

// Asks `balancer`. Just after the start, at `started`, a stream that has no place yet waits before
// that until the origins are there (StartSettle), StartSettle::kLongestWait at most. While it
// waits, `cancel` is set to a function that ends the wait early, on the executor; then the answer
// is CANCELLED, and nothing was picked. A client for which an origin was tried in vain does not
// wait again. `executor` runs on one thread.
net::Task<absl::StatusOr<Placement>> PickOrigin(net::asio::any_io_executor executor,
                                                Balancer& balancer, OriginRegistry& origins,
                                                const Clock& clock, MonotonicTime started,
                                                PickRequest request, std::function<void()>& cancel);

}  // namespace srsproxy
