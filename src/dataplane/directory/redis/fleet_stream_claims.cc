// How sessions claim streams in Redis and are accepted there: FleetStreams' claims and holds.
#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/fleet_streams.h"

namespace srsproxy::redis {
namespace {

absl::Status Stopped() { return absl::CancelledError("this proxy stops"); }

absl::Status Superseded() {
  return ProxyFailure(absl::StatusCode::kAborted,
                      "the stream was placed on another origin meanwhile");
}

absl::Status Released() {
  return ProxyFailure(absl::StatusCode::kAborted, "the stream's placement was released");
}

}  // namespace

// A session as its hold and the questions about it share it.
struct FleetStreams::Session {
  Session(StreamKey its_key, std::unique_ptr<StreamHold> its_hold)
      : key(std::move(its_key)), hold(std::move(its_hold)) {}
  TableHold& table_hold() { return static_cast<TableHold&>(*hold); }

  const StreamKey key;
  std::mutex mutex;
  std::unique_ptr<StreamHold> hold;  // The table's. Guarded by mutex; null: it has ended.
  bool asked = false;                // To be accepted. Guarded by mutex.
};

class FleetStreams::Hold final : public StreamHold {
 public:
  Hold(std::shared_ptr<FleetStreams> streams, std::shared_ptr<Session> session)
      : streams_(std::move(streams)), session_(std::move(session)) {}
  ~Hold() override { End(); }

  void MarkLive(LiveCallback done) override {
    if (streams_->stopped_) return done(Stopped());
    std::optional<Acceptance> asks;
    {
      const std::lock_guard lock(session_->mutex);
      if (session_->hold != nullptr && !std::exchange(session_->asked, true)) {
        const TableHold& hold = session_->table_hold();
        if (hold.IsAccepted()) {
          session_->hold->MarkLive();
        } else {
          asks = {hold.role, hold.version, hold.origin_id};
        }
      }
    }
    if (!asks.has_value()) return done(absl::OkStatus());
    streams_->Accept(session_, *std::move(asks), std::move(done));
  }
  void WhenLost(LostCallback lost) override {
    const std::lock_guard lock(session_->mutex);
    if (session_->hold != nullptr) session_->hold->WhenLost(std::move(lost));
  }
  void Refused() override { End(); }

 private:
  void End() {
    {
      const std::lock_guard lock(session_->mutex);
      if (session_->hold == nullptr) return;
      session_->hold.reset();
    }
    streams_->NoteUse(session_->key);
  }

  const std::shared_ptr<FleetStreams> streams_;
  const std::shared_ptr<Session> session_;
};

void FleetStreams::Claim(ClaimRequest request, StreamClaims::ClaimCallback done) {
  if (stopped_) return done(Stopped());
  if (feed_.state() == StoreState::kSynced) {
    if (auto joined = table_->JoinKnown(request); joined.has_value()) {
      cache_hits_.fetch_add(1, std::memory_order_relaxed);
      return done(Joined(request.key, *std::move(joined)));
    }
  }
  const StreamKey key = request.key;
  lanes_.Add(key, [self = shared_from_this(), request = std::move(request),
                   done = std::move(done)](StreamLanes::Finished finished) mutable {
    auto settled = [done = std::move(done),
                    finished = std::move(finished)](absl::StatusOr<ClaimOutcome> outcome) mutable {
      // What `done` ends or asks waits for its turn in the lane.
      done(std::move(outcome));
      finished();
    };
    self->AskClaim(request, std::move(settled));
  });
}

ClaimOutcome FleetStreams::Joined(const StreamKey& key, ClaimOutcome outcome) {
  outcome.hold = std::make_unique<Hold>(shared_from_this(),
                                        std::make_shared<Session>(key, std::move(outcome.hold)));
  NoteUse(key);
  return outcome;
}

void FleetStreams::AskClaim(const ClaimRequest& request, StreamClaims::ClaimCallback done) {
  if (!usable_) return done(ClaimAlone(request));
  StreamUse use = table_->UseOf(request.key);
  ++use.sessions;
  if (request.role == Role::kPublisher) ++use.publishers;
  use = UseLedger::Rounded(std::move(use));
  std::vector<std::string> arguments = ClaimArguments(request, use, max_streams_, false);
  auto answered = [self = shared_from_this(), request, use,
                   done = std::move(done)](absl::StatusOr<ScriptRunner::Answer> answer) mutable {
    done(self->SettleClaim(request, use, answer));
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
    // Whoever asks again finds that Redis cannot be used, and chooses by the rule for that.
    return ProxyFailure(
        absl::StatusCode::kUnavailable,
        absl::StrCat("Redis cannot place streams now: ", ToAbsl(MessageOf(read.status()))));
  }
  if (read->step == RecordStep::kFull) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted,
                        absl::StrCat("all ", max_streams_.load(),
                                     " streams of PROXY_MAX_STREAMS are in use: raise it"));
  }
  ledger_.Wrote(request.key, use);
  StreamChange change = read->change;
  if (read->record.fed) change.reason.reset();
  const bool granted = read->step == RecordStep::kPlaced || read->step == RecordStep::kReplaced;
  // A Go proxy that found nothing before may yet overwrite it.
  if (granted) due_.Add(request.key, clock_.Now() + std::chrono::seconds(1));
  auto outcome = table_->JoinRecord(request, read->record, granted, change);
  if (!outcome.ok()) {
    // There is no room for it here: the session that was counted does not come.
    NoteUse(request.key);
    return outcome.status();
  }
  return Joined(request.key, *std::move(outcome));
}

absl::StatusOr<ClaimOutcome> FleetStreams::ClaimAlone(const ClaimRequest& request) {
  auto known = table_->Find(request.key);
  StreamRecord record;
  record.key = request.key;
  record.origin_id = request.origin_id;
  record.claimed_at = clock_.WallNow();
  // Odd: Redis gives even ones.
  record.version = known.has_value() ? known->version + 1 + known->version % 2 : 1;
  record.placed_version = record.version;
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
  return Joined(request.key, *std::move(outcome));
}

void FleetStreams::Accept(std::shared_ptr<Session> session, Acceptance asks,
                          StreamHold::LiveCallback done) {
  const StreamKey key = session->key;
  lanes_.Add(key, [self = shared_from_this(), session = std::move(session), asks = std::move(asks),
                   done = std::move(done)](StreamLanes::Finished finished) mutable {
    if (!self->usable_) {
      done(self->AcceptAlone(*session));
      self->NoteUse(session->key);
      return finished();
    }
    const StreamUse use = UseLedger::Rounded(self->table_->UseOf(session->key));
    std::vector<std::string> arguments = UseArguments(session->key, use, asks, self->max_streams_);
    auto answered = [self, session, use, asks, done = std::move(done),
                     finished = std::move(finished)](
                        const absl::StatusOr<ScriptRunner::Answer>& answer) mutable {
      done(self->SettleAcceptance(*session, use, asks, answer));
      self->NoteUse(session->key);
      finished();
    };
    self->scripts_.Run("use", arguments, std::move(answered));
  });
}

absl::Status FleetStreams::SettleAcceptance(Session& session, StreamUse use, const Acceptance& asks,
                                            const absl::StatusOr<ScriptRunner::Answer>& answer) {
  if (stopped_) return Stopped();
  if (answer.ok()) {
    const auto read = ReadRecordAnswer(session.key, *answer);
    if (!read.ok()) return read.status();
    if (read->step == RecordStep::kMissing) {
      if (!table_->Find(session.key).has_value()) return Released();
      // Redis has lost it: it is written anew, with this one.
      ledger_.Doubt(session.key);
      return AcceptAlone(session);
    }
    if (read->step != RecordStep::kRefused && asks.role == Role::kPublisher) {
      ++use.live_publishers;
      use.live_origin = read->record.origin_id;
    }
    ledger_.Wrote(session.key, use);
    Show(*read);
    if (read->step == RecordStep::kRefused) return Superseded();
    // Of a viewer whose publisher is where it is: it stands, though the stream is elsewhere.
    if (read->record.origin_id != asks.claimed_origin && asks.role == Role::kViewer) {
      return absl::OkStatus();
    }
  } else {
    NoteFailure(answer.status());
    if (absl::IsCancelled(answer.status())) return answer.status();
    return AcceptAlone(session);
  }
  return MarkLiveHere(session);
}

absl::Status FleetStreams::AcceptAlone(Session& session) {
  absl::Status accepted = MarkLiveHere(session);
  Rewrite(session.key);
  return accepted;
}

absl::Status FleetStreams::MarkLiveHere(Session& session) {
  absl::Status accepted;
  const std::lock_guard lock(session.mutex);
  if (session.hold == nullptr) return absl::OkStatus();
  session.hold->MarkLive([&](absl::Status status) { accepted = std::move(status); });
  return accepted;
}

}  // namespace srsproxy::redis
