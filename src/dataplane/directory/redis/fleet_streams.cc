#include "dataplane/directory/redis/fleet_streams.h"

#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/core/stream_change.h"

namespace srsproxy::redis {
namespace {

absl::Status Stopped() { return absl::CancelledError("this proxy stops"); }

absl::Status NoMapping(const StreamKey& key) {
  return absl::NotFoundError(absl::StrCat("stream ", key.ToString(), " has no mapping"));
}

// Of a provisional record, which Redis forgets after 30 s.
constexpr auto kRenewal = std::chrono::seconds(10);

// An answer as a record; what cannot be read counts as no answer.
absl::StatusOr<RecordAnswer> Read(const StreamKey& key,
                                  const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return ReadRecordAnswer(key, *answer);
}

}  // namespace

FleetStreams::FleetStreams(const Clock& clock, size_t max_streams, ScriptRunner& scripts,
                           const FleetFeed& feed)
    : clock_(clock),
      scripts_(scripts),
      feed_(feed),
      max_streams_(max_streams),
      table_(std::make_shared<StreamTable>(clock, max_streams, StreamTable::Decides::kStore)),
      pins_(nullptr) {}

void FleetStreams::SetMaxStreams(size_t max_streams) {
  max_streams_ = max_streams;
  table_->SetMaxStreams(max_streams);
}

void FleetStreams::Stop() {
  stopped_ = true;
  table_->Stop();
}

void FleetStreams::Move(const MoveRequest& request, StreamClaims::MoveCallback done) {
  if (stopped_) return done(Stopped());
  auto answered = [self = shared_from_this(), request, done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    const auto read = Read(request.key, answer);
    if (!read.ok()) return done(read.status());
    if (read->step == RecordStep::kMissing) return done(NoMapping(request.key));
    if (read->step == RecordStep::kVersion) {
      return done(CheckVersion(request.key, read->record.version, request.expected_version));
    }
    self->Show(*read);
    auto mapping = self->table_->Find(request.key);
    if (!mapping.has_value()) return done(NoMapping(request.key));
    done(MoveOutcome{.mapping = *std::move(mapping),
                     .former_origin_id = read->change.former_origin_id});
  };
  scripts_.Run("move", MoveArguments(request), std::move(answered));
}

void FleetStreams::Release(const ReleaseRequest& request, StreamClaims::ReleaseCallback done) {
  if (stopped_) return done(Stopped());
  auto answered = [self = shared_from_this(), request, use = table_->UseOf(request.key),
                   done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    const auto read = Read(request.key, answer);
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

void FleetStreams::Pin(StreamPin pin, StreamClaims::PinCallback done) {
  if (stopped_) return done(Stopped());
  std::vector<std::string> arguments = {pin.key.ToString(), pin.server,
                                        absl::StrCat(PinTable::kMaxPins)};
  auto answered = [self = shared_from_this(), pin = std::move(pin), done = std::move(done)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    if (!answer.ok()) return done(answer.status());
    if (answer->what == "missing") {
      return done(
          absl::NotFoundError(absl::StrCat("stream ", pin.key.ToString(), " is not pinned")));
    }
    if (answer->what == "full") {
      return done(absl::ResourceExhaustedError(
          absl::StrCat("there are ", PinTable::kMaxPins, " pins, as many as may be: unpin some")));
    }
    if (!pin.server.empty()) return done(self->pins_.Pin(std::move(pin)));
    // The feed may have brought it already.
    self->pins_.Unpin(pin.key).IgnoreError();
    const auto server =
        answer->rest.empty() ? absl::StatusOr<std::string_view>("") : answer->rest[0].AsText();
    if (!server.ok()) return done(server.status());
    done(StreamPin{pin.key, std::string(*server)});
  };
  scripts_.Run("pin", arguments, std::move(answered));
}

void FleetStreams::Apply(const FedRecord& fed) {
  const bool used_here = table_->Apply(fed.record, fed.change);
  const bool forgotten = fed.change.removed && fed.change.reason != StreamEventReason::kReleased;
  if (used_here && forgotten) {
    ledger_.Doubt(fed.record.key);
    NoteUse(fed.record.key);
  }
}

void FleetStreams::SetPin(StreamPin pin) {
  if (pin.server.empty()) {
    pins_.Unpin(pin.key).IgnoreError();
  } else {
    // One that a later version allows more of is left out.
    pins_.Pin(std::move(pin)).IgnoreError();
  }
}

void FleetStreams::FinishReading(const std::set<StreamKey>& pins) {
  std::string after;
  do {
    const auto page = pins_.List(after, 1000);
    for (const StreamPin& pin : page.pins) {
      if (!pins.contains(pin.key)) SetPin({pin.key, ""});
    }
    after = page.next;
  } while (!after.empty());
  for (const StreamKey& key : table_->ForgetUnseen()) ledger_.Doubt(key);
  WriteAllUses();
}

void FleetStreams::Show(const RecordAnswer& answer) {
  if (!answer.record.fed) {
    table_->Apply(answer.record, answer.change);
    return;
  }
  // The feed brings what has become of it, in order; a removal it brings alone, since observers
  // are to be notified of the mapping as it was.
  if (answer.change.removed) return;
  StreamChange silent = answer.change;
  silent.reason.reset();
  table_->Apply(answer.record, silent);
}

void FleetStreams::SetUsable(bool usable) { usable_ = usable; }

void FleetStreams::NoteFailure(const absl::Status& why) {
  if (!absl::IsCancelled(why)) usable_ = false;
}

void FleetStreams::WriteAllUses() {
  std::vector<StreamKey> keys = ledger_.Keys();
  for (const StreamKey& key : keys) ledger_.Doubt(key);
  const std::lock_guard lock(rewrites_mutex_);
  rewrites_.assign(std::make_move_iterator(keys.begin()), std::make_move_iterator(keys.end()));
}

void FleetStreams::WriteSomeUses() {
  constexpr int kAtOnce = 100;
  for (int i = 0; i < kAtOnce && usable_ && !stopped_; ++i) {
    StreamKey key;
    {
      const std::lock_guard lock(rewrites_mutex_);
      if (rewrites_.empty()) break;
      key = std::move(rewrites_.front());
      rewrites_.pop_front();
    }
    lanes_.AddWrite(key, [self = shared_from_this(), key](StreamLanes::Finished finished) {
      self->WriteUse(key, /*reconciles=*/true, std::move(finished));
    });
  }
  for (const StreamKey& key : due_.Take(clock_.Now(), kAtOnce)) Recheck(key);
}

void FleetStreams::Recheck(const StreamKey& key) {
  if (stopped_ || !usable_) return;
  lanes_.AddWrite(key, [self = shared_from_this(), key](StreamLanes::Finished finished) {
    self->WriteUse(key, /*reconciles=*/false, std::move(finished));
  });
}

void FleetStreams::NoteUse(const StreamKey& key) {
  if (stopped_ || !ledger_.Needs(key, table_->UseOf(key))) return;
  // It is written when Redis is back.
  if (!usable_) return ledger_.Doubt(key);
  lanes_.AddWrite(key, [self = shared_from_this(), key](StreamLanes::Finished finished) {
    self->WriteUse(key, /*reconciles=*/false, std::move(finished));
  });
}

void FleetStreams::WriteUse(const StreamKey& key, bool reconciles, StreamLanes::Finished finished) {
  const StreamUse use = UseLedger::Rounded(table_->UseOf(key));
  auto answered = [self = shared_from_this(), key, use, reconciles, finished = std::move(finished)](
                      const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
    self->SettleUse(key, use, reconciles, answer);
    finished();
  };
  scripts_.Run("use", UseArguments(key, use, std::nullopt, max_streams_), std::move(answered));
}

void FleetStreams::SettleUse(const StreamKey& key, const StreamUse& use, bool reconciles,
                             const absl::StatusOr<ScriptRunner::Answer>& answer) {
  const auto read = Read(key, answer);
  ledger_.Wrote(key, use);
  if (!read.ok()) {
    // It is written again when Redis is back.
    NoteFailure(read.status());
    return ledger_.Doubt(key);
  }
  if (read->step == RecordStep::kMissing) {
    // The feed has not told yet why, an operator's release perhaps.
    const bool feed_will_tell = table_->IsAnnounced(key) && !reconciles;
    if (feed_will_tell) return ledger_.Doubt(key);
    return ReconcileWith(key, std::nullopt, false);
  }
  Show(*read);
  if (reconciles && read->step != RecordStep::kRemoved) {
    ReconcileWith(key, read->record, read->rival);
  }
  // A provisional record stays while it is renewed.
  if (!read->record.fed && use.sessions > 0) due_.Add(key, clock_.Now() + kRenewal);
  // What has changed while it was written.
  NoteUse(key);
}

LocalPlacement FleetStreams::PlacementOf(const StreamKey& key) const {
  LocalPlacement local;
  local.use = table_->UseOf(key);
  const auto mapping = table_->Find(key);
  local.released = !mapping.has_value();
  if (local.released) return local;
  local.origin_id = local.use.live_origin.empty() ? mapping->origin_id : local.use.live_origin;
  local.version = mapping->version;
  local.claimed_at = mapping->claimed_at;
  return local;
}

void FleetStreams::ReconcileWith(const StreamKey& key, const std::optional<StreamRecord>& record,
                                 bool rival) {
  const LocalPlacement local = PlacementOf(key);
  const Reconciliation step = Reconcile(local, record, rival);
  if (step != Reconciliation::kClaim && step != Reconciliation::kAssertPublisher) return;
  const bool publishes = local.use.publishers > 0;
  const ClaimRequest request{.key = key,
                             .origin_id = local.origin_id,
                             .role = publishes ? Role::kPublisher : Role::kViewer};
  const bool asserts = step == Reconciliation::kAssertPublisher || local.use.live_publishers > 0;
  lanes_.Add(key, [self = shared_from_this(), request, asserts](StreamLanes::Finished finished) {
    const StreamUse use = UseLedger::Rounded(self->table_->UseOf(request.key));
    auto answered = [self, request, use, finished = std::move(finished)](
                        const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
      const auto read = Read(request.key, answer);
      if (!read.ok()) {
        self->NoteFailure(read.status());
      } else if (read->step != RecordStep::kFull) {
        self->ledger_.Wrote(request.key, use);
        self->Show(*read);
      }
      finished();
    };
    self->scripts_.Run("claim", ClaimArguments(request, use, self->max_streams_, asserts),
                       std::move(answered));
  });
}

}  // namespace srsproxy::redis
