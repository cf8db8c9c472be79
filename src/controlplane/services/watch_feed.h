// WatchFeed: what one watch sends, message after message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include "controlplane/services/event_encoder.h"
#include "controlplane/services/event_filter.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/event_log.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_view.h"
#include "srsproxy/v1/event_service.pb.h"

namespace srsproxy::control {

// The referred objects outlive the feeds.
struct WatchSources {
  const EventLog& log;
  const OriginRegistry& origins;
  const StreamView& streams;
  EventEncoder& encoder;
};

// A snapshot is sent in slices. Each is read only when all events before it have been sent, and the
// events from then on follow it. So a slice is never older than what was sent before; an event may
// be older than a slice, and is then followed by the later ones of the same origin or stream: who
// applies all messages in order ends with the true picture. What a reader may lag behind is not the
// time of the whole snapshot, but the ring of the log; a reader that lags more is cut, for it could
// not be sent the truth any more.
//
// Nothing is kept for a feed but its position. Used by one thread at a time.
class WatchFeed {
 public:
  // From a snapshot, or after the event `after` of this log.
  WatchFeed(const WatchSources& sources, EventFilter filter, std::optional<uint64_t> after);

  struct Message {
    grpc::ByteBuffer bytes;      // A WatchResponse, of at most some 100 kB.
    bool worth_sending = false;  // Else only the token has moved on.
    bool more = false;           // Call again as soon as this one is sent.
  };
  // OUT_OF_RANGE with WATCH_COMPACTED: the log has lost events that were not sent yet.
  absl::StatusOr<Message> Next();

  // OUT_OF_RANGE with WATCH_COMPACTED, and the token that resumes after what Next has returned.
  absl::Status Cut(std::string_view why) const;

 private:
  enum class Phase { kOrigins, kStreams, kLive };
  struct Draft;

  // Empty within a snapshot.
  std::string Token() const;
  // Whether all events that are there are in the draft, or not wanted.
  absl::StatusOr<bool> AddEvents(Draft& draft);
  void AddOrigins(Draft& draft);
  void AddStreams(Draft& draft);
  void AddToSnapshot(const LoggedEvent& event, Draft& draft) const;

  const WatchSources sources_;
  const EventFilter filter_;
  Phase phase_ = Phase::kLive;
  uint64_t position_;  // The sequence of the last event that was sent or not wanted.
  std::string
      snapshot_position_;  // Within a snapshot: the last origin's id, or StreamView's `next`.
};

}  // namespace srsproxy::control
