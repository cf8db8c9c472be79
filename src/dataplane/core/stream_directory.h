// Which origin holds which stream: a store, as it is seen and as it is changed.
#pragma once

#include "dataplane/core/stream_claims.h"
#include "dataplane/core/stream_event.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/core/subscription.h"

namespace srsproxy {

// Who only looks takes a StreamView.
class StreamDirectory : public StreamView, public StreamClaims {
 public:
  // The observer outlives its subscription. Who needs every event subscribes before the first
  // claim.
  [[nodiscard]] virtual Subscription Subscribe(StreamObserver& observer) = 0;
};

}  // namespace srsproxy
