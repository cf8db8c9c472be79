#include "dataplane/core/stream_event.h"

namespace srsproxy {

std::string_view StreamEventReasonText(StreamEventReason reason) {
  switch (reason) {
    case StreamEventReason::kToBePublished:
      return "to be published";
    case StreamEventReason::kToBeViewed:
      return "to be viewed";
    case StreamEventReason::kPublisherLive:
      return "a publisher is live";
    case StreamEventReason::kMediaFlows:
      return "media flows";
    case StreamEventReason::kPublisherEnded:
      return "its publisher has ended";
    case StreamEventReason::kMoved:
      return "moved";
    case StreamEventReason::kMovedAtPublishersEnd:
      return "moved: its publisher has ended";
    case StreamEventReason::kMoveWaits:
      return "its move waits for its publisher's end";
    case StreamEventReason::kMoveTakenBack:
      return "its pending move was taken back";
    case StreamEventReason::kSuperseded:
      return "its origin was superseded";
    case StreamEventReason::kUnusable:
      return "its origin cannot serve it any more";
    case StreamEventReason::kPublisherElsewhere:
      return "brought to its live publisher";
    case StreamEventReason::kLastSessionEnded:
      return "its last session has ended";
    case StreamEventReason::kEvicted:
      return "idle, and PROXY_MAX_STREAMS is reached";
    case StreamEventReason::kReleased:
      return "released by an operator";
    case StreamEventReason::kDrained:
      return "idle, and its origin is drained";
  }
  return "unknown";
}

}  // namespace srsproxy
