// What FleetStreams writes in Redis of this proxy's sessions, and what comes of it.
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include "dataplane/directory/redis/fleet_streams.h"
#include "dataplane/directory/redis/go_mappings.h"

namespace srsproxy::redis {
void FleetStreams::WriteAllUses() {
  std::vector<StreamKey> keys = ledger_.Keys();
  for (const StreamKey& key : keys) Doubt(key);
  const std::lock_guard lock(rewrites_mutex_);
  rewrites_.insert(std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
}

void FleetStreams::Rewrite(const StreamKey& key) {
  Doubt(key);
  const std::lock_guard lock(rewrites_mutex_);
  rewrites_.insert(key);
}

void FleetStreams::WriteSomeUses() {
  constexpr size_t kAtOnce = 200;
  if (usable_ && !stopped_) {
    size_t written = WriteDue(kAtOnce / 4);
    written += RenewProvisional(kAtOnce / 2 - written);
    CheckPlaced();
    WriteAnew(kAtOnce - written);
  }
  if (usable_ || is_alone()) postponed_.ResumeAll();
}

void FleetStreams::WriteAnew(size_t limit) {
  for (size_t i = 0; i < limit && usable_; ++i) {
    StreamKey key;
    {
      const std::lock_guard lock(rewrites_mutex_);
      if (rewrites_.empty()) return;
      key = std::move(rewrites_.extract(rewrites_.begin()).value());
      // A write that waits already does it.
      reconciles_.insert(key);
    }
    AddWrite(key);
  }
}

size_t FleetStreams::WriteDue(size_t limit) {
  const std::vector<StreamKey> due = due_.Take(clock_.Now(), limit);
  for (const StreamKey& key : due) Recheck(key);
  return due.size();
}

size_t FleetStreams::RenewProvisional(size_t limit) {
  // Most have ended by then, or media flows: no more than a look.
  constexpr size_t kLooks = 2000;
  size_t written = 0;
  for (size_t looks = 0; looks < kLooks && written < limit; looks += limit) {
    const std::vector<StreamKey> due = renewed_.Take(clock_.Now(), limit - written);
    if (due.empty()) break;
    for (const StreamKey& key : due) {
      if (table_->IsFed(key) || table_->UseOf(key).sessions == 0) continue;
      Recheck(key);
      ++written;
    }
  }
  return written;
}

void FleetStreams::CheckPlaced() {
  constexpr size_t kOfACommand = 200;
  constexpr int kCommands = 5;
  for (int i = 0; i < kCommands; ++i) {
    auto find = [table = table_](const StreamKey& key) { return table->Find(key); };
    auto differs = [self = shared_from_this()](const StreamKey& key) { self->Recheck(key); };
    LookAtMappings(scripts_, placed_.Take(clock_.Now(), kOfACommand), std::move(find),
                   std::move(differs));
  }
}

void FleetStreams::AskAgain(const StreamKey& key) {
  due_.Add(key, clock_.Now() + std::chrono::seconds(1));
}

bool FleetStreams::IsIdle() { return IsWritten() && lanes_.IsIdle(); }

bool FleetStreams::IsWritten() {
  const std::lock_guard lock(rewrites_mutex_);
  return usable_ && rewrites_.empty() && reconciles_.empty() && restoring_.use_count() == 1;
}

void FleetStreams::Recheck(const StreamKey& key) {
  if (!stopped_ && usable_) AddWrite(key);
}

void FleetStreams::NoteUse(const StreamKey& key) {
  if (stopped_ || !ledger_.Needs(key, table_->UseOf(key))) return;
  // It is written when Redis is back.
  if (!usable_) return Doubt(key);
  AddWrite(key);
}

void FleetStreams::AddWrite(const StreamKey& key) {
  lanes_.AddWrite(key, [self = shared_from_this(), key](StreamLanes::Finished finished) {
    self->WriteUse(key, std::move(finished));
  });
}

void FleetStreams::WriteUse(const StreamKey& key, StreamLanes::Finished finished) {
  std::shared_ptr<char> reconciles;
  {
    const std::lock_guard lock(rewrites_mutex_);
    if (reconciles_.erase(key) > 0) reconciles = restoring_;
  }
  const StreamUse use = UseLedger::Rounded(table_->UseOf(key));
  auto answered = [self = shared_from_this(), key, use, reconciles, finished = std::move(finished)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    self->SettleUse(key, use, reconciles != nullptr, answer);
    finished();
  };
  scripts_.Run("use", UseArguments(key, use, std::nullopt, max_streams_), std::move(answered));
}

void FleetStreams::SettleUse(const StreamKey& key, const StreamUse& use, bool reconciles,
                             const absl::StatusOr<ScriptRunner::Answer>& answer) {
  const auto read = ReadRecordAnswer(key, answer);
  Wrote(key, use);
  if (!read.ok()) {
    NoteFailure(read.status());
    // It is written again: soon, or with all others when Redis is back.
    return usable_ ? Rewrite(key) : Doubt(key);
  }
  if (read->step == RecordStep::kMissing) {
    // The feed has not told yet why, an operator's release perhaps.
    const bool feed_will_tell = table_->IsFed(key) && !reconciles;
    if (feed_will_tell) return Doubt(key);
    ReconcileWith(key, std::nullopt, false);
    return table_->ForgetUnused(key);
  }
  Show(*read);
  if (read->step == RecordStep::kSettles) AskAgain(key);
  if (reconciles && read->step != RecordStep::kRemoved) {
    ReconcileWith(key, read->record, read->rival);
  }
  if (!read->record.fed) {
    // Of a provisional record nobody tells this proxy any more once it does not use it. One that it
    // uses stays while it is renewed.
    if (use.sessions > 0) {
      renewed_.Add(key, clock_.Now() + kRenewal);
    } else {
      table_->ForgetUnused(key);
    }
  }
  // What has changed while it was written.
  NoteUse(key);
}

void FleetStreams::ReconcileWith(const StreamKey& key, const std::optional<StreamRecord>& record,
                                 bool rival) {
  const LocalPlacement local = table_->PlacementOf(key);
  switch (Reconcile(local, record, rival)) {
    case Reconciliation::kNothing:
      return;
    case Reconciliation::kEndStrays:
      // Viewers are ended by who is notified of where the stream is now.
      return table_->EndStrays(key);
    case Reconciliation::kClaim:
    case Reconciliation::kAssertPublisher:
      return Restore(key, local, record, rival);
  }
}

void FleetStreams::Restore(const StreamKey& key, const LocalPlacement& local,
                           const std::optional<StreamRecord>& record, bool rival) {
  const ClaimRequest request{.key = key,
                             .origin_id = local.origin_id,
                             .role = local.use.publishers > 0 ? Role::kPublisher : Role::kViewer,
                             .replaces_version = record.has_value() ? record->version : 0,
                             .unless_live = !rival};
  lanes_.Add(key, [self = shared_from_this(), request, local,
                   restoring = restoring_](StreamLanes::Finished finished) {
    const StreamUse use = UseLedger::Rounded(self->table_->UseOf(request.key));
    auto answered = [self, request, use, restoring, finished = std::move(finished)](
                        const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
      const auto read = ReadRecordAnswer(request.key, answer);
      if (!read.ok()) {
        self->NoteFailure(read.status());
        if (self->usable_) self->Rewrite(request.key);
      } else if (read->step != RecordStep::kFull) {
        self->Wrote(request.key, use);
        self->Show(*read);
        self->ReconcileWith(request.key, read->record, read->rival);
        // What has changed meanwhile.
        self->NoteUse(request.key);
      }
      finished();
    };
    self->scripts_.Run("claim", ClaimArguments(request, use, self->max_streams_, local),
                       std::move(answered));
  });
}

}  // namespace srsproxy::redis
