// What the state of the store of streams means for whether this proxy takes clients.
#pragma once

#include "controlplane/services/readiness.h"
#include "dataplane/core/stream_view.h"

namespace srsproxy::control {

// Never synced: not ready, for a stream that is not known may be live anywhere. Unverified or gone:
// degraded, for known streams are served as they were known. Replaces what was reported of the
// former state. Call it on one thread at a time.
void ReportStoreState(StoreState state, Readiness& readiness);

}  // namespace srsproxy::control
