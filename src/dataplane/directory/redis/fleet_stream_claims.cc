// How sessions claim streams in Redis: FleetStreams' claims and holds.
#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/fleet_streams.h"
#include "dataplane/directory/store_status.h"

namespace srsproxy::redis {
namespace {

// Whoever asks again finds that Redis cannot be used, and chooses by the rule for that.
absl::Status CannotPlace(std::string_view why) {
  return ProxyFailure(absl::StatusCode::kUnavailable,
                      absl::StrCat("Redis cannot place streams now: ", ToAbsl(why)));
}

}  // namespace

class FleetStreams::Hold final : public StreamHold {
 public:
  Hold(std::shared_ptr<FleetStreams> streams, std::shared_ptr<TableHold> hold)
      : streams_(std::move(streams)), hold_(std::move(hold)) {}
  ~Hold() override { End(); }

  void MarkLive(LiveCallback done) override {
    if (streams_->stopped_) return done(StoreStopped());
    if (asked_.exchange(true)) return done(absl::OkStatus());
    if (!hold_->IsAccepted()) {
      return streams_->Accept(
          {hold_->Key(), hold_, std::move(done), streams_->clock_.Now() + kSettleTime});
    }
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
  if (stopped_) return done(StoreStopped());
  if (feed_.state() == StoreState::kSynced) {
    if (auto joined = table_->JoinKnown(request); joined.has_value()) {
      cache_hits_.fetch_add(1, std::memory_order_relaxed);
      GiveOut(joined->outcome);
      if (!joined->covered) NoteUse(request.key);
      return done(std::move(joined->outcome));
    }
  }
  AddClaim({std::move(request), std::move(done), is_alone(), clock_.Now() + kSettleTime});
}

void FleetStreams::AddClaim(OpenClaim claim) {
  const StreamKey key = claim.request.key;
  lanes_.Add(key, [self = shared_from_this(),
                   claim = std::move(claim)](StreamLanes::Finished finished) mutable {
    self->AskClaim(std::move(claim), std::move(finished));
  });
}

void FleetStreams::PostponeClaim(OpenClaim claim) {
  postponed_.Add(
      [self = shared_from_this(), claim = std::move(claim)](const absl::Status& why) mutable {
        if (why.ok()) return self->AddClaim(std::move(claim));
        claim.done(absl::IsCancelled(why) ? why : CannotPlace(MessageOf(why)));
      });
}

void FleetStreams::ClaimWithout(OpenClaim claim) {
  const ClaimRequest& request = claim.request;
  // Who views a stream that is known here waits for nothing.
  const bool joins = request.role == Role::kViewer && request.replaces_version == 0 &&
                     table_->Find(request.key).has_value();
  if (joins) return claim.done(ClaimAlone(request));
  if (MayWait(claim.until)) return PostponeClaim(std::move(claim));
  // Unless its origin was chosen by the rule for a Redis that has gone, that is done first.
  claim.done(claim.chosen_alone ? ClaimAlone(request) : CannotPlace("it was lost meanwhile"));
}

void FleetStreams::GiveOut(ClaimOutcome& outcome) {
  std::shared_ptr<TableHold> hold(static_cast<TableHold*>(outcome.hold.release()));
  outcome.hold = std::make_unique<Hold>(shared_from_this(), std::move(hold));
}

void FleetStreams::AskClaim(OpenClaim claim, StreamLanes::Finished finished) {
  // What `done` ends or asks waits for its turn in the lane.
  if (!usable_) {
    ClaimWithout(std::move(claim));
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
    const absl::Status status = outcome.status();
    if (self->IsAwaited(status)) {
      self->ClaimWithout(std::move(claim));
    } else if (!outcome.ok() || outcome->hold != nullptr) {
      claim.done(std::move(outcome));
    } else if (self->clock_.Now() < claim.until) {
      self->PostponeClaim(std::move(claim));
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
  if (stopped_) return StoreStopped();
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
  if (granted) placed_.Add(request.key, clock_.Now() + std::chrono::seconds(1));
  if (!read->record.fed) renewed_.Add(request.key, clock_.Now() + kRenewal);
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

void FleetStreams::Wrote(const StreamKey& key, const StreamUse& rounded) {
  ledger_.Wrote(key, rounded);
  table_->SetCovered(key, UseLedger::CoveredBy(rounded));
}

void FleetStreams::Doubt(const StreamKey& key) {
  ledger_.Doubt(key);
  table_->SetCovered(key, {});
}

}  // namespace srsproxy::redis
