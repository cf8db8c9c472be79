// How what operators and the balance want of mappings is done: moves, at once or pending, and
// releases.
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/stream_change.h"
#include "dataplane/directory/store_status.h"
#include "dataplane/directory/stream_table.h"

namespace srsproxy {
namespace {

absl::Status NoMapping(const StreamKey& key) {
  return absl::NotFoundError(absl::StrCat("stream ", key.ToString(), " has no mapping"));
}

}  // namespace

absl::StatusOr<MoveOutcome> StreamTable::Move(const MoveRequest& request) {
  if (stopped_) return StoreStopped();
  Shard& shard = ShardOf(request.key);
  const std::lock_guard lock(shard.mutex);
  return MoveEntry(shard, request);
}

absl::StatusOr<StreamMapping> StreamTable::Release(const ReleaseRequest& request) {
  if (stopped_) return StoreStopped();
  Shard& shard = ShardOf(request.key);
  const std::lock_guard lock(shard.mutex);
  return ReleaseEntry(shard, request);
}

absl::StatusOr<MoveOutcome> StreamTable::MoveEntry(Shard& shard, const MoveRequest& request) {
  Entry* entry = FindEntry(shard, request.key);
  if (entry == nullptr) return NoMapping(request.key);
  auto expected = CheckVersion(request.key, entry->version, request.expected_version);
  if (!expected.ok()) return expected;
  if (request.validate_only) return ForeseeMove(ToMapping(shard, *entry), request);
  MoveOutcome outcome{.publishers = entry->publishers, .viewers = entry->viewers};
  switch (StepOf(request, entry->origin->first, entry->publishers)) {
    case MoveStep::kStays:
      if (DropPending(shard, *entry)) {
        Notify(StreamEvent::Kind::kChanged, shard, *entry, StreamEventReason::kMoveTakenBack);
      }
      break;
    case MoveStep::kJoinsPublisher:
      outcome.former_origin_id = JoinPublisher(shard, *entry, request);
      break;
    case MoveStep::kWaits:
      SetPending(shard, *entry, {request.origin_id, request.deadline, request.cause});
      break;
    case MoveStep::kMoves:
      outcome.former_origin_id = MoveTo(shard, *entry, request.origin_id);
      Notify(StreamEvent::Kind::kChanged, shard, *entry, StreamEventReason::kMoved, request.cause,
             outcome.former_origin_id);
      break;
  }
  outcome.mapping = ToMapping(shard, *entry);
  return outcome;
}

absl::StatusOr<StreamMapping> StreamTable::ReleaseEntry(Shard& shard,
                                                        const ReleaseRequest& request) {
  Entry* entry = FindEntry(shard, request.key);
  if (entry == nullptr) return NoMapping(request.key);
  StreamMapping mapping = ToMapping(shard, *entry);
  auto released = CheckRelease(mapping, request);
  if (!released.ok()) return released;
  Remove(shard, *entry, request.reason);
  return mapping;
}

std::string StreamTable::JoinPublisher(Shard& shard, Entry& entry, const MoveRequest& request) {
  std::string former = entry.origin->first;
  SetOrigin(shard, entry, request.origin_id);
  entry.placed_version = entry.version;
  if (entry.pending && shard.pending.find(&entry)->second.origin_id == request.origin_id) {
    DropPending(shard, entry);
  }
  Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kPublisherElsewhere,
         request.cause, former);
  return former;
}

void StreamTable::SetPending(Shard& shard, Entry& entry, PendingMove pending) {
  PendingMove& known = shard.pending[&entry];
  if (entry.pending && known == pending) return;
  known = std::move(pending);
  entry.pending = true;
  Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kMoveWaits, known.cause);
}

std::string StreamTable::MoveTo(Shard& shard, Entry& entry, const std::string& origin_id) {
  std::string former = entry.origin->first;
  SetOrigin(shard, entry, origin_id);
  entry.placed_version = entry.version;
  DropPending(shard, entry);
  entry.retain_when_idle = true;
  return former;
}

bool StreamTable::DropPending(Shard& shard, Entry& entry) {
  if (!entry.pending) return false;
  entry.pending = false;
  shard.pending.erase(&entry);
  return true;
}

}  // namespace srsproxy
