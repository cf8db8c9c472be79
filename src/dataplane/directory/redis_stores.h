// The stores of PROXY_LOAD_BALANCER_TYPE=redis.
#pragma once

#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stores.h"

namespace srsproxy {

// Returns when Redis is reached, or the first attempt has failed: then it is waited for.
// `clock`, `metrics` and `logger` outlive the stores, and `clock` what they give out.
// FAILED_PRECONDITION, in words for an operator: PROXY_STATE_DIR is set, or what is there can never
// be used. INVALID_ARGUMENT: PROXY_REDIS_TLS_CA cannot be used.
absl::StatusOr<Stores> MakeRedisStores(const Config& config, const Clock& clock, Metrics& metrics,
                                       const Logger& logger);

}  // namespace srsproxy
