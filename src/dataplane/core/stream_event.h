// What becomes of mappings, and who is notified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

// Why a mapping came, changed or went. A closed list: what is decided by it is decided by the enum,
// and its words stand in one table.
enum class StreamEventReason : uint8_t {
  kToBePublished,
  kToBeViewed,
  kPublisherLive,
  kMediaFlows,
  kPublisherEnded,
  kMoved,
  kMovedAtPublishersEnd,  // A pending move was done.
  kMoveWaits,             // A move became pending.
  kMoveTakenBack,
  kSuperseded,          // Its origin was, by the one where it is now.
  kUnusable,            // Its origin could not serve it any more.
  kPublisherElsewhere,  // It was brought to its live publisher.
  kLastSessionEnded,
  kEvicted,   // For PROXY_MAX_STREAMS.
  kReleased,  // By an operator.
  kDrained,   // Its origin is emptied, and no other can take it; nobody uses it.
  kForeign,   // By a proxy that shares the store and keeps no records, as the Go one.
  kLearned,   // The store was read anew: what happened in between is not known.
};
// In words, for people.
constexpr auto NamesOf(StreamEventReason) {
  return EnumNames<StreamEventReason>(
      {{StreamEventReason::kToBePublished, "to be published"},
       {StreamEventReason::kToBeViewed, "to be viewed"},
       {StreamEventReason::kPublisherLive, "a publisher is live"},
       {StreamEventReason::kMediaFlows, "media flows"},
       {StreamEventReason::kPublisherEnded, "its publisher has ended"},
       {StreamEventReason::kMoved, "moved"},
       {StreamEventReason::kMovedAtPublishersEnd, "moved: its publisher has ended"},
       {StreamEventReason::kMoveWaits, "its move waits for its publisher's end"},
       {StreamEventReason::kMoveTakenBack, "its pending move was taken back"},
       {StreamEventReason::kSuperseded, "its origin was superseded"},
       {StreamEventReason::kUnusable, "its origin cannot serve it any more"},
       {StreamEventReason::kPublisherElsewhere, "brought to its live publisher"},
       {StreamEventReason::kLastSessionEnded, "its last session has ended"},
       {StreamEventReason::kEvicted, "idle, and PROXY_MAX_STREAMS is reached"},
       {StreamEventReason::kReleased, "released by an operator"},
       {StreamEventReason::kDrained, "idle, and its origin is drained"},
       {StreamEventReason::kForeign, "placed by a proxy of another kind"},
       {StreamEventReason::kLearned, "learned when the store was read anew"}});
}

// What has become of a mapping.
struct StreamEvent {
  enum class Kind : uint8_t {
    kPlaced,   // It is new.
    kChanged,  // Its origin, publisher_live, provisional or pending changed. Not: mere counts.
    kRemoved,  // It is gone; `mapping` is what it was last.
  };
  Kind kind = Kind::kPlaced;
  StreamMapping mapping;
  std::string former_origin_id;  // Of one by which it came to another origin.
  StreamEventReason reason = StreamEventReason::kToBePublished;
  std::optional<MoveCause> cause;  // Of a kChanged by which it moved, or its move began to wait.
  bool here = true;  // This proxy caused it: it counts and logs what all of a fleet get.
};

// Is called with every event of a stream, in order. Both members are called on the thread that made
// the change, with a lock of the store held: they must not block, nor call the store.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual void OnStreamEvent(const StreamEvent& event) = 0;
  // The streams in use (StreamMapping::in_use) on `origin_id` are one more: `change` is 1; or one
  // less: -1.
  virtual void OnLoadChange(std::string_view origin_id, int change) {
    static_cast<void>(origin_id);
    static_cast<void>(change);
  }
};

}  // namespace srsproxy
