// What every session does to find its origin, besides asking the balancer.
#pragma once

#include <functional>

#include <absl/time/time.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/net/task.h"

namespace srsproxy {

// Just after a start no origin may have been heard of yet: for this long clients wait for the first
// one ...
inline constexpr absl::Duration kStartupGrace = absl::Seconds(15);
// ... at most so long each.
inline constexpr absl::Duration kStartupWait = absl::Seconds(10);

// Asks `balancer`, and asks again when the first origin comes, if `started` is less than
// kStartupGrace ago. `cancel` is set to a function that ends that wait early, or lets it not begin,
// until this returns.
net::Task<absl::StatusOr<Placement>> PickOrigin(net::asio::any_io_executor executor,
                                                Balancer& balancer, OriginRegistry& origins,
                                                const Clock& clock, MonotonicTime started,
                                                PickRequest request, std::function<void()>& cancel);

}  // namespace srsproxy
