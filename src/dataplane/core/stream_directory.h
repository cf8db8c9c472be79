// Which origin holds which stream: a store, as it is seen and as it is changed.
#pragma once

#include "dataplane/core/stream_claims.h"
#include "dataplane/core/stream_event.h"
#include "dataplane/core/stream_view.h"

namespace srsproxy {

// Who only looks takes a StreamView.
class StreamDirectory : public StreamView, public StreamClaims {
 public:
  // Before the first claim. The observer outlives the directory's use, or Stop.
  virtual void AddObserver(StreamObserver& observer) = 0;
};

}  // namespace srsproxy
