#include "controlplane/services/watch_feed.h"

#include <algorithm>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/watch_token.h"

namespace srsproxy::control {
namespace {

using Kind = LoggedEvent::Kind;

constexpr size_t kFullBytes = 48 * 1024;  // A message with as much gets nothing more.
constexpr size_t kEventsAtATime = 256;
constexpr size_t kStreamsAtATime = 250;
constexpr size_t kMaxScanned = 10'000;  // Mappings looked at for one message.

}  // namespace

// A message in the making: events that are encoded already, then the rest.
struct WatchFeed::Draft {
  std::vector<grpc::Slice> parts;
  v1::WatchResponse rest;
  size_t bytes = 0;

  bool full() const { return bytes >= kFullBytes; }
  bool has_events() const { return !parts.empty() || rest.events_size() > 0; }
};

WatchFeed::WatchFeed(const WatchSources& sources, EventFilter filter, std::optional<uint64_t> after)
    : sources_(sources),
      filter_(std::move(filter)),
      phase_(after ? Phase::kLive : Phase::kOrigins),
      position_(after ? *after : sources.log.last_sequence()) {}

absl::StatusOr<WatchFeed::Message> WatchFeed::Next() {
  Draft draft;
  const auto up_to_date = AddEvents(draft);
  if (!up_to_date.ok()) return up_to_date.status();
  const bool in_snapshot = phase_ != Phase::kLive;
  if (*up_to_date && phase_ == Phase::kOrigins) AddOrigins(draft);
  if (*up_to_date && phase_ == Phase::kStreams) AddStreams(draft);
  if (phase_ == Phase::kLive) {
    draft.rest.set_resume_token(Token());
    draft.rest.set_snapshot_complete(in_snapshot);
  }
  Message message;
  message.worth_sending = in_snapshot || draft.has_events();
  message.more = phase_ != Phase::kLive || !*up_to_date;
  draft.parts.emplace_back(draft.rest.SerializeAsString());
  message.bytes = grpc::ByteBuffer(draft.parts.data(), draft.parts.size());
  return message;
}

absl::Status WatchFeed::Cut(std::string_view why) const {
  return CallError(absl::StatusCode::kOutOfRange, v1::ERROR_REASON_WATCH_COMPACTED,
                   std::string(why) + "; list again, or watch without a token",
                   {{"resume_token", Token()}});
}

std::string WatchFeed::Token() const {
  if (phase_ != Phase::kLive) return "";
  return MakeWatchToken({sources_.encoder.proxy_id(), sources_.log.epoch(), position_});
}

absl::StatusOr<bool> WatchFeed::AddEvents(Draft& draft) {
  while (true) {
    const auto events = sources_.log.ReadAfter(position_, kEventsAtATime);
    if (!events && draft.has_events()) return false;
    if (!events) return Cut("events that this watch has not received are gone");
    for (const auto& event : *events) {
      if (draft.full()) return false;
      position_ = event->sequence;
      if (!filter_.Matches(*event)) continue;
      draft.parts.push_back(sources_.encoder.Encode(*event));
      draft.bytes += draft.parts.back().size();
    }
    if (events->size() < kEventsAtATime) return true;
  }
}

void WatchFeed::AddOrigins(Draft& draft) {
  if (filter_.WantsKind(Kind::kOriginAdded) && !filter_.stream()) {
    const auto snapshot = sources_.origins.snapshot();
    const auto& origins = snapshot->origins;
    auto at = std::partition_point(origins.begin(), origins.end(), [this](const auto& origin) {
      return origin->id <= snapshot_position_;
    });
    for (; at != origins.end() && !draft.full(); ++at) {
      snapshot_position_ = (*at)->id;
      if (!filter_.WantsOrigin(snapshot_position_)) continue;
      LoggedEvent event;
      event.time = (*at)->registered_at;
      event.kind = Kind::kOriginAdded;
      event.origin = *at;
      AddToSnapshot(event, draft);
    }
    if (at != origins.end()) return;
  }
  snapshot_position_.clear();
  phase_ = Phase::kStreams;
}

void WatchFeed::AddStreams(Draft& draft) {
  const auto add = [this, &draft](StreamMapping& mapping) {
    if (!filter_.WantsOrigin(mapping.origin_id)) return;
    LoggedEvent event;
    event.time = mapping.claimed_at;
    event.kind = Kind::kStreamAdded;
    event.stream = std::move(mapping);
    AddToSnapshot(event, draft);
  };
  if (!filter_.WantsKind(Kind::kStreamAdded)) {
    phase_ = Phase::kLive;
  } else if (filter_.stream()) {
    if (auto mapping = sources_.streams.Find(*filter_.stream())) add(*mapping);
    phase_ = Phase::kLive;
  }
  for (size_t scanned = 0; phase_ == Phase::kStreams && scanned < kMaxScanned && !draft.full();
       scanned += kStreamsAtATime) {
    auto page = sources_.streams.List(snapshot_position_, kStreamsAtATime);
    for (auto& mapping : page.mappings) add(mapping);
    snapshot_position_ = std::move(page.next);
    if (snapshot_position_.empty()) phase_ = Phase::kLive;
  }
}

void WatchFeed::AddToSnapshot(const LoggedEvent& event, Draft& draft) const {
  auto& message = *draft.rest.add_events();
  message = sources_.encoder.ToProto(event);
  draft.bytes += message.ByteSizeLong();
}

}  // namespace srsproxy::control
