// What the state of the store of streams means for whether this proxy takes clients.
#pragma once

#include <string_view>

#include "controlplane/services/readiness.h"
#include "dataplane/core/stream_view.h"

namespace srsproxy::control {

// Never synced: not ready, for a stream that is not known may be live anywhere. Unverified or gone:
// degraded, for known streams are served as they were known. `unusable`, StreamView::unusable(), is
// not empty: not ready, since nobody knows when others will be seen again. Replaces what was
// reported before. Call it on one thread at a time.
void ReportStoreState(StoreState state, std::string_view unusable, Readiness& readiness);

}  // namespace srsproxy::control
