// Why stores refuse what they are asked, whatever they are made of.
#pragma once

#include "dataplane/core/status.h"

namespace srsproxy {

inline absl::Status StoreStopped() { return absl::CancelledError("this proxy stops"); }

// Of a session that is to be ended: its stream is not where it was claimed.
inline absl::Status PlacementSuperseded() {
  return ProxyFailure(absl::StatusCode::kAborted,
                      "the stream was placed on another origin meanwhile");
}
inline absl::Status PlacementReleased() {
  return ProxyFailure(absl::StatusCode::kAborted, "the stream's placement was released");
}

}  // namespace srsproxy
