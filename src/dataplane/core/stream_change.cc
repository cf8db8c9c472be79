#include "dataplane/core/stream_change.h"

#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy {

MoveStep StepOf(const MoveRequest& move, std::string_view origin_id, uint32_t publishers) {
  if (move.origin_id == origin_id) return MoveStep::kStays;
  if (move.to_publisher) return MoveStep::kJoinsPublisher;
  return publishers > 0 ? MoveStep::kWaits : MoveStep::kMoves;
}

absl::Status CheckVersion(const StreamKey& key, uint64_t version, uint64_t expected) {
  if (expected == 0 || expected == version) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("stream ", key.ToString(), " is at version ", version,
                                         " now, not ", expected, ": it moved meanwhile"));
}

absl::StatusOr<MoveOutcome> ForeseeMove(StreamMapping mapping, const MoveRequest& move) {
  auto expected = CheckVersion(mapping.key, mapping.version, move.expected_version);
  if (!expected.ok()) return expected;
  MoveOutcome outcome{.publishers = mapping.publishers, .viewers = mapping.viewers};
  const MoveStep step = StepOf(move, mapping.origin_id, mapping.publishers);
  switch (step) {
    case MoveStep::kStays:
      mapping.pending.reset();
      break;
    case MoveStep::kWaits:
      mapping.pending = PendingMove{move.origin_id, move.deadline, move.cause};
      break;
    case MoveStep::kMoves:
    case MoveStep::kJoinsPublisher:
      outcome.former_origin_id = std::exchange(mapping.origin_id, move.origin_id);
      if (step == MoveStep::kMoves ||
          (mapping.pending.has_value() && mapping.pending->origin_id == move.origin_id)) {
        mapping.pending.reset();
      }
      break;
  }
  outcome.mapping = std::move(mapping);
  return outcome;
}

uint32_t SessionsToEnd(const MoveOutcome& outcome, absl::Time now) {
  const StreamMapping& mapping = outcome.mapping;
  if (!outcome.former_origin_id.empty()) return outcome.viewers;
  const bool overdue = mapping.pending.has_value() && mapping.pending->deadline <= now;
  return overdue ? outcome.publishers + outcome.viewers : 0;
}

absl::Status CheckRelease(const StreamMapping& mapping, const ReleaseRequest& release) {
  auto expected = CheckVersion(mapping.key, mapping.version, release.expected_version);
  if (!expected.ok() || !mapping.in_use() || release.force) return expected;
  return absl::FailedPreconditionError(
      absl::StrCat("stream ", mapping.key.ToString(), " is used by sessions"));
}

}  // namespace srsproxy
