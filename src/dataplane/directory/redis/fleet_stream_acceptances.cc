// How sessions whose media flows are accepted in Redis: FleetStreams' acceptances.
#include <utility>

#include "dataplane/directory/redis/fleet_streams.h"
#include "dataplane/directory/store_status.h"

namespace srsproxy::redis {

void FleetStreams::Accept(OpenAcceptance acceptance) {
  const StreamKey key = acceptance.key;
  lanes_.Add(key, [self = shared_from_this(),
                   acceptance = std::move(acceptance)](StreamLanes::Finished finished) mutable {
    self->AskAcceptance(std::move(acceptance), std::move(finished));
  });
}

void FleetStreams::AskAcceptance(OpenAcceptance acceptance, StreamLanes::Finished finished) {
  if (!usable_) {
    AcceptWithout(std::move(acceptance));
    return finished();
  }
  const TableHold& asking = *acceptance.hold;
  const Acceptance asks{asking.role, asking.version, asking.origin_id};
  const StreamUse use = UseLedger::Rounded(table_->UseOf(acceptance.key));
  std::vector<std::string> arguments = UseArguments(acceptance.key, use, asks, max_streams_);
  auto answered =
      [self = shared_from_this(), acceptance = std::move(acceptance), use,
       finished = std::move(finished)](const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
        const absl::Status status = answer.status();
        if (!status.ok()) self->NoteFailure(status);
        if (self->IsAwaited(status)) {
          self->AcceptWithout(std::move(acceptance));
        } else {
          auto& [key, hold, done, until] = acceptance;
          done(self->SettleAcceptance(key, *hold, use, answer));
          self->NoteUse(key);
        }
        finished();
      };
  scripts_.Run("use", arguments, std::move(answered));
}

void FleetStreams::AcceptWithout(OpenAcceptance acceptance) {
  if (MayWait(acceptance.until)) {
    return postponed_.Add([self = shared_from_this(),
                           acceptance = std::move(acceptance)](const absl::Status& why) mutable {
      auto& [key, hold, done, until] = acceptance;
      if (absl::IsCancelled(why)) return done(why);
      // It has ended meanwhile, or nobody has to be asked any more.
      if (hold->IsAccepted()) return done(MarkLiveHere(*hold));
      if (why.ok()) return self->Accept(std::move(acceptance));
      done(self->AcceptAlone(key, *hold));
    });
  }
  acceptance.done(AcceptAlone(acceptance.key, *acceptance.hold));
  NoteUse(acceptance.key);
}

absl::Status FleetStreams::SettleAcceptance(const StreamKey& key, TableHold& hold, StreamUse use,
                                            const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (stopped_) return StoreStopped();
  if (answer.ok()) {
    const auto read = ReadRecordAnswer(key, *answer);
    if (!read.ok()) return read.status();
    if (read->step == RecordStep::kMissing) {
      if (!table_->Find(key).has_value()) return PlacementReleased();
      // Redis has lost it: it is written anew, with this one.
      Doubt(key);
      return AcceptAlone(key, hold);
    }
    if (read->step != RecordStep::kRefused && hold.role == Role::kPublisher) {
      ++use.live_publishers;
      use.live_origin = read->record.origin_id;
    }
    Wrote(key, use);
    Show(*read);
    if (read->step == RecordStep::kRefused) return PlacementSuperseded();
    // Of a viewer whose publisher is where it is: it stands, though the stream is elsewhere.
    if (read->record.origin_id != hold.origin_id && hold.role == Role::kViewer) {
      return absl::OkStatus();
    }
  } else {
    if (absl::IsCancelled(answer.status())) return answer.status();
    return AcceptAlone(key, hold);
  }
  return MarkLiveHere(hold);
}

absl::Status FleetStreams::AcceptAlone(const StreamKey& key, TableHold& hold) {
  absl::Status accepted = MarkLiveHere(hold);
  Rewrite(key);
  return accepted;
}

absl::Status FleetStreams::MarkLiveHere(TableHold& hold) {
  absl::Status accepted;
  hold.MarkLive([&](absl::Status status) { accepted = std::move(status); });
  return accepted;
}

}  // namespace srsproxy::redis
