// The stores of PROXY_LOAD_BALANCER_TYPE=memory.
#pragma once

#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stores.h"

namespace srsproxy {

// With PROXY_STATE_DIR, what operators decided is kept there, and which origins are registered.
// `clock` and `logger` outlive the stores, and `clock` what they give out. FAILED_PRECONDITION,
// naming PROXY_STATE_DIR: the folder cannot be used.
absl::StatusOr<Stores> MakeMemoryStores(const Config& config, const Clock& clock,
                                        const Logger& logger);

}  // namespace srsproxy
