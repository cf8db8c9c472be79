// How sessions claim streams in Redis and are accepted there: FleetStreams' claims and holds.
#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/fleet_streams.h"

namespace srsproxy::redis {
namespace {

constexpr auto kSettleTime = std::chrono::seconds(6);  // And some.

absl::Status Stopped() { return absl::CancelledError("this proxy stops"); }

absl::Status Superseded() {
  return ProxyFailure(absl::StatusCode::kAborted,
                      "the stream was placed on another origin meanwhile");
}

// Whoever asks again finds that Redis cannot be used, and chooses by the rule for that.
absl::Status CannotPlace(std::string_view why) {
  return ProxyFailure(absl::StatusCode::kUnavailable,
                      absl::StrCat("Redis cannot place streams now: ", ToAbsl(why)));
}

absl::Status Released() {
  return ProxyFailure(absl::StatusCode::kAborted, "the stream's placement was released");
}

}  // namespace

class FleetStreams::Hold final : public StreamHold {
 public:
  Hold(std::shared_ptr<FleetStreams> streams, std::shared_ptr<TableHold> hold)
      : streams_(std::move(streams)), hold_(std::move(hold)) {}
  ~Hold() override { End(); }

  void MarkLive(LiveCallback done) override {
    if (streams_->stopped_) return done(Stopped());
    if (asked_.exchange(true)) return done(absl::OkStatus());
    if (!hold_->IsAccepted()) return streams_->Accept(hold_, std::move(done));
    hold_->MarkLive();
    done(absl::OkStatus());
  }
  void WhenLost(LostCallback lost) override { hold_->WhenLost(std::move(lost)); }
  void Refused() override { End(); }

 private:
  void End() {
    const std::optional<StreamKey> noted = hold_->End();
    if (noted.has_value()) streams_->NoteUse(*noted);
  }

  const std::shared_ptr<FleetStreams> streams_;
  const std::shared_ptr<TableHold> hold_;  // The table's; shared with the question about it.
  std::atomic<bool> asked_{false};         // To be accepted.
};

void FleetStreams::Claim(ClaimRequest request, StreamClaims::ClaimCallback done) {
  if (stopped_) return done(Stopped());
  if (feed_.state() == StoreState::kSynced) {
    if (auto joined = table_->JoinKnown(request); joined.has_value()) {
      cache_hits_.fetch_add(1, std::memory_order_relaxed);
      GiveOut(joined->outcome);
      if (!joined->covered) NoteUse(request.key);
      return done(std::move(joined->outcome));
    }
  }
  // A settle time is over by then, unless another one has begun.
  const MonotonicTime until = clock_.Now() + kSettleTime;
  AddClaim({std::move(request), std::move(done), until}, usable_);
}

void FleetStreams::AddClaim(WaitingClaim claim, bool was_usable) {
  const StreamKey key = claim.request.key;
  lanes_.Add(key, [self = shared_from_this(), claim = std::move(claim),
                   was_usable](StreamLanes::Finished finished) mutable {
    self->AskClaim(std::move(claim), was_usable, std::move(finished));
  });
}

void FleetStreams::RepeatClaims() {
  std::vector<WaitingClaim> waiting;
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting.swap(waiting_);
  }
  for (WaitingClaim& claim : waiting) {
    if (stopped_) {
      claim.done(Stopped());
    } else {
      AddClaim(std::move(claim), /*was_usable=*/true);
    }
  }
}

void FleetStreams::GiveOut(ClaimOutcome& outcome) {
  std::shared_ptr<TableHold> hold(static_cast<TableHold*>(outcome.hold.release()));
  outcome.hold = std::make_unique<Hold>(shared_from_this(), std::move(hold));
}

void FleetStreams::AskClaim(WaitingClaim claim, bool was_usable, StreamLanes::Finished finished) {
  // What `done` ends or asks waits for its turn in the lane.
  if (!usable_) {
    // Redis was lost while it waited for its turn: its origin was not chosen by the rule for that.
    claim.done(was_usable ? CannotPlace("it was lost meanwhile") : ClaimAlone(claim.request));
    return finished();
  }
  const ClaimRequest& request = claim.request;
  StreamUse use = table_->UseOf(request.key);
  ++use.sessions;
  if (request.role == Role::kPublisher) ++use.publishers;
  use = UseLedger::Rounded(std::move(use));
  std::vector<std::string> arguments = ClaimArguments(request, use, max_streams_);
  auto answered = [self = shared_from_this(), claim = std::move(claim), use,
                   finished =
                       std::move(finished)](absl::StatusOr<ScriptRunner::Answer> answer) mutable {
    auto outcome = self->SettleClaim(claim.request, use, answer);
    if (!outcome.ok() || outcome->hold != nullptr) {
      claim.done(std::move(outcome));
    } else if (self->clock_.Now() < claim.until) {
      const std::lock_guard lock(self->waiting_mutex_);
      self->waiting_.push_back(std::move(claim));
    } else {
      claim.done(CannotPlace("other proxies are still writing what their sessions use"));
    }
    finished();
  };
  scripts_.Run("claim", arguments, std::move(answered));
}

absl::StatusOr<ClaimOutcome> FleetStreams::SettleClaim(
    const ClaimRequest& request, const StreamUse& use,
    const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (stopped_) return Stopped();
  const auto read = ReadRecordAnswer(request.key, answer);
  if (!read.ok()) {
    NoteFailure(read.status());
    if (absl::IsCancelled(read.status())) return read.status();
    return CannotPlace(MessageOf(read.status()));
  }
  if (read->step == RecordStep::kFull) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted,
                        absl::StrCat("all ", max_streams_.load(),
                                     " streams of PROXY_MAX_STREAMS are in use: raise it"));
  }
  if (read->step == RecordStep::kSettles) return ClaimOutcome{};
  Wrote(request.key, use);
  StreamChange change = read->change;
  if (read->record.fed) change.reason.reset();
  const bool granted = read->step == RecordStep::kPlaced || read->step == RecordStep::kReplaced;
  // A Go proxy that found nothing before may yet overwrite it.
  if (granted) due_.Add(request.key, clock_.Now() + std::chrono::seconds(1));
  auto outcome = table_->JoinRecord(request, read->record, granted, change);
  // What has changed meanwhile; if there is no room for it here, the session does not come.
  NoteUse(request.key);
  if (outcome.ok()) GiveOut(*outcome);
  return outcome;
}

absl::StatusOr<ClaimOutcome> FleetStreams::ClaimAlone(const ClaimRequest& request) {
  auto known = table_->Find(request.key);
  StreamRecord record;
  record.key = request.key;
  record.origin_id = request.origin_id;
  record.claimed_at = clock_.WallNow();
  // Odd: Redis gives even ones.
  record.version = known.has_value() ? known->version + 1 + known->version % 2 : 1;
  record.placed_version = record.rank = record.version;
  record.alone = true;
  const bool granted = !known.has_value() || (request.replaces_version != 0 &&
                                              request.replaces_version == known->version);
  if (!granted) record.version = 0;  // What is shown is later.
  auto outcome =
      table_->JoinRecord(request, record, granted,
                         {.reason = granted ? std::optional(request.role == Role::kPublisher
                                                                ? StreamEventReason::kToBePublished
                                                                : StreamEventReason::kToBeViewed)
                                            : std::nullopt,
                          .cause = {},
                          .former_origin_id = {}});
  if (!outcome.ok()) return outcome.status();
  Rewrite(request.key);
  GiveOut(*outcome);
  return outcome;
}

void FleetStreams::Accept(std::shared_ptr<TableHold> hold, StreamHold::LiveCallback done) {
  const StreamKey key = hold->Key();
  lanes_.Add(key, [self = shared_from_this(), key, hold = std::move(hold),
                   done = std::move(done)](StreamLanes::Finished finished) mutable {
    if (!self->usable_) {
      done(self->AcceptAlone(key, *hold));
      self->NoteUse(key);
      return finished();
    }
    const Acceptance asks{hold->role, hold->version, hold->origin_id};
    const StreamUse use = UseLedger::Rounded(self->table_->UseOf(key));
    std::vector<std::string> arguments = UseArguments(key, use, asks, self->max_streams_);
    auto answered = [self, key, hold, use, done = std::move(done), finished = std::move(finished)](
                        const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
      done(self->SettleAcceptance(key, *hold, use, answer));
      self->NoteUse(key);
      finished();
    };
    self->scripts_.Run("use", arguments, std::move(answered));
  });
}

absl::Status FleetStreams::SettleAcceptance(const StreamKey& key, TableHold& hold, StreamUse use,
                                            const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (stopped_) return Stopped();
  if (answer.ok()) {
    const auto read = ReadRecordAnswer(key, *answer);
    if (!read.ok()) return read.status();
    if (read->step == RecordStep::kMissing) {
      if (!table_->Find(key).has_value()) return Released();
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
    if (read->step == RecordStep::kRefused) return Superseded();
    // Of a viewer whose publisher is where it is: it stands, though the stream is elsewhere.
    if (read->record.origin_id != hold.origin_id && hold.role == Role::kViewer) {
      return absl::OkStatus();
    }
  } else {
    NoteFailure(answer.status());
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

void FleetStreams::Wrote(const StreamKey& key, const StreamUse& rounded) {
  ledger_.Wrote(key, rounded);
  table_->SetCovered(key, UseLedger::CoveredBy(rounded));
}

void FleetStreams::Doubt(const StreamKey& key) {
  ledger_.Doubt(key);
  table_->SetCovered(key, {});
}

absl::Status FleetStreams::MarkLiveHere(TableHold& hold) {
  absl::Status accepted;
  hold.MarkLive([&](absl::Status status) { accepted = std::move(status); });
  return accepted;
}

}  // namespace srsproxy::redis
