#include "dataplane/directory/redis/fleet_streams.h"

#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/core/stream_change.h"
#include "dataplane/directory/store_status.h"

namespace srsproxy::redis {
namespace {

absl::Status NoMapping(const StreamKey& key) {
  return absl::NotFoundError(absl::StrCat("stream ", key.ToString(), " has no mapping"));
}

}  // namespace

FleetStreams::FleetStreams(const Clock& clock, size_t max_streams, ScriptRunner& scripts,
                           const FleetFeed& feed, absl::Duration patience)
    : clock_(clock),
      scripts_(scripts),
      feed_(feed),
      patience_(patience),
      max_streams_(max_streams),
      table_(std::make_shared<StreamTable>(clock, max_streams, StreamTable::Decides::kStore)) {}

void FleetStreams::SetMaxStreams(size_t max_streams) {
  max_streams_ = max_streams;
  table_->SetMaxStreams(max_streams);
}

void FleetStreams::Stop() {
  stopped_ = true;
  postponed_.Stop();
  table_->Stop();
}

void FleetStreams::Move(const MoveRequest& request, StreamClaims::MoveCallback done) {
  if (stopped_) return done(StoreStopped());
  auto answered = [self = shared_from_this(), request, done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    const auto read = ReadRecordAnswer(request.key, answer);
    if (!read.ok()) return done(read.status());
    if (read->step == RecordStep::kMissing) return done(NoMapping(request.key));
    if (read->step == RecordStep::kVersion) {
      return done(CheckVersion(request.key, read->record.version, request.expected_version));
    }
    if (!request.validate_only) self->Show(*read);
    // Whose publisher's end does it is not known: it waits for the end of the settle time.
    const bool settles = read->step == RecordStep::kWaits && read->publishers == 0;
    if (settles && !request.validate_only) self->AskAgain(request.key);
    done(MoveOutcome{.mapping = self->table_->MappingOf(read->record),
                     .former_origin_id = read->change.former_origin_id,
                     .publishers = read->publishers,
                     .viewers = read->sessions - read->publishers});
  };
  scripts_.Run("move", MoveArguments(request), std::move(answered));
}

void FleetStreams::Release(const ReleaseRequest& request, StreamClaims::ReleaseCallback done) {
  if (stopped_) return done(StoreStopped());
  auto answered = [self = shared_from_this(), request, use = table_->UseOf(request.key),
                   done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    const auto read = ReadRecordAnswer(request.key, answer);
    if (!read.ok()) return done(read.status());
    if (read->step == RecordStep::kMissing) return done(NoMapping(request.key));
    // The feed may have brought its end before the answer.
    StreamMapping mapping = self->table_->MappingOf(read->record);
    mapping.publishers = use.publishers;
    mapping.viewers = use.sessions - use.publishers;
    if (read->step == RecordStep::kVersion) {
      return done(CheckVersion(request.key, mapping.version, request.expected_version));
    }
    if (read->step == RecordStep::kUsed) {
      return done(absl::FailedPreconditionError(absl::StrCat(
          "stream ", request.key.ToString(), " is used by ", read->publishers, " publishers and ",
          read->sessions - read->publishers, " viewers at most, on all proxies together")));
    }
    self->Show(*read);
    done(mapping);
  };
  scripts_.Run("release", ReleaseArguments(request), std::move(answered));
}

absl::Status FleetStreams::OnEntry(const FeedEntry& entry) {
  const auto fed = ReadFedRecord(entry);
  if (!fed.ok()) return fed.status();
  Apply(*fed);
  return absl::OkStatus();
}

void FleetStreams::Apply(const FedRecord& fed) {
  const bool used_here = table_->Apply(fed.record, fed.change);
  if (fed.change.removed) Forget(fed.record.key, fed.change, used_here);
  // Another proxy's publisher is live where the stream is.
  const bool rival =
      !fed.change.here && (fed.change.reason == StreamEventReason::kPublisherLive ||
                           fed.change.reason == StreamEventReason::kPublisherElsewhere);
  if (rival) ReconcileWith(fed.record.key, fed.record, true);
  // Sessions of a mapping that was released count to the one that is there now.
  if (used_here) NoteUse(fed.record.key);
}

void FleetStreams::Forget(const StreamKey& key, const StreamChange& change, bool used_here) {
  if (change.reason == StreamEventReason::kReleased) {
    // With the record, what was written has gone, and counts nowhere.
    Wrote(key, {});
  } else if (used_here) {
    Doubt(key);
  }
}

void FleetStreams::FinishReading() {
  for (const StreamKey& key : table_->ForgetUnseen()) Doubt(key);
  WriteAllUses();
}

void FleetStreams::Show(const RecordAnswer& answer) {
  if (!answer.record.fed) {
    const bool used_here = table_->Apply(answer.record, answer.change);
    if (answer.change.removed) Forget(answer.record.key, answer.change, used_here);
    return;
  }
  // The feed brings what has become of it, in order; a removal it brings alone, since observers
  // are to be notified of the mapping as it was.
  if (answer.change.removed) return;
  StreamChange silent = answer.change;
  silent.reason.reset();
  table_->Apply(answer.record, silent);
}

void FleetStreams::SetUsable(bool usable) {
  if (!usable) return Lose(patience_ - scripts_.link().Silence());
  usable_ = true;
  postponed_.ResumeAll();
}

void FleetStreams::NoteFailure(const absl::Status& why) {
  if (absl::IsCancelled(why) || Link::IsTooManyOpen(why)) return;
  // What it has refused it may refuse for long.
  if (!absl::IsUnavailable(why)) return Lose(absl::ZeroDuration());
  SetUsable(false);
}

void FleetStreams::Lose(absl::Duration patience) {
  if (!usable_) return;
  alone_from_ = clock_.Now() + absl::ToChronoNanoseconds(patience);
  usable_ = false;
}

bool FleetStreams::IsAwaited(const absl::Status& why) const {
  return absl::IsUnavailable(why) && !usable_ && !is_alone();
}

bool FleetStreams::MayWait(MonotonicTime until) const {
  return !is_alone() && clock_.Now() < until + absl::ToChronoNanoseconds(patience_);
}

}  // namespace srsproxy::redis
