#include "dataplane/balance/misplaced_streams.h"

#include <chrono>

#include <absl/strings/str_cat.h>

#include "dataplane/core/status.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxSuspects = 100'000;
constexpr size_t kMaxUnanswered = 200;
constexpr size_t kMaxSessions = 100;  // Of one stream, that are looked at.
constexpr auto kPause = std::chrono::seconds(1);

std::string IdAfterSuperseding(const OriginSnapshot& origins, const std::string& id) {
  const auto origin = origins.ResolveConnected(id);
  return origin == nullptr ? id : origin->id;
}

}  // namespace

bool MisplacedStreams::Suspect(const StreamKey& key) {
  const std::lock_guard lock(mutex_);
  if (suspects_.size() >= kMaxSuspects) return suspects_.contains(key);
  suspects_.insert(key);
  return true;
}

void MisplacedStreams::Tick() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock(answers_->mutex);
    answers.swap(answers_->list);
  }
  unanswered_ -= answers.size();
  // After the sessions: an origin that they are on and that is not there has gone, and has not just
  // come.
  const auto origins = dependencies_.origins.snapshot();
  for (const Answer& answer : answers) {
    if (answer.role == Role::kPublisher) {
      SettlePublishers(answer, *origins);
    } else {
      SettleMisplacedViewers(answer);
    }
  }
  const MonotonicTime now = dependencies_.clock.Now();
  while (!again_.empty() && again_.begin()->first <= now && unanswered_ < kMaxUnanswered) {
    ListPublishers(again_.extract(again_.begin()).value().second);
  }
  std::vector<StreamKey> suspects;
  {
    const std::lock_guard lock(mutex_);
    while (!suspects_.empty() && unanswered_ + suspects.size() < kMaxUnanswered) {
      suspects.push_back(std::move(suspects_.extract(suspects_.begin()).value()));
    }
  }
  for (const StreamKey& key : suspects) ListPublishers(key);
}

std::optional<std::string> MisplacedStreams::PublisherOf(const StreamKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto at = apart_.find(key);
  return at == apart_.end() ? std::nullopt : std::optional(at->second);
}

size_t MisplacedStreams::size() const {
  const std::lock_guard lock(mutex_);
  return apart_.size();
}

std::string MisplacedStreams::Explain(const StreamKey& key) const {
  const auto origin_id = PublisherOf(key);
  if (!origin_id.has_value()) return "";
  if (dependencies_.origins.snapshot()->Resolve(*origin_id) != nullptr) {
    return absl::StrCat("The stream is being brought together on origin ", *origin_id,
                        ", where its publisher is live: viewers elsewhere are ended.");
  }
  return absl::StrCat("The stream's publisher is live on origin ", *origin_id,
                      ", whose registration has ended: it is ended, to come back where the stream "
                      "is.");
}

void MisplacedStreams::ListSessions(const StreamKey& key, SessionFilter filter, uint64_t version) {
  ++unanswered_;
  filter.key = key;
  const Role role = *filter.role;
  auto answered = [answers = answers_, key, role, version](SessionControl::Page page) {
    const std::lock_guard lock(answers->mutex);
    answers->list.push_back({key, role, version, std::move(page.sessions)});
  };
  dependencies_.sessions.List(std::move(filter), "", kMaxSessions, std::move(answered));
}

void MisplacedStreams::ListPublishers(const StreamKey& key) {
  SessionFilter filter;
  filter.role = Role::kPublisher;
  const auto mapping = dependencies_.streams.Find(key);
  const bool live = mapping.has_value() && mapping->publisher_live;
  ListSessions(key, std::move(filter), live ? mapping->version : 0);
}

void MisplacedStreams::ListMisplacedViewers(const StreamKey& key, const std::string& origin_id) {
  SessionFilter filter;
  filter.role = Role::kViewer;
  filter.not_origin_id = origin_id;
  filter.followers_too = false;
  ListSessions(key, std::move(filter), 0);
}

void MisplacedStreams::SettlePublishers(const Answer& answer, const OriginSnapshot& origins) {
  const auto mapping = dependencies_.streams.Find(answer.key);
  if (!mapping.has_value() || !mapping->publisher_live) return Forget(answer.key);
  if (mapping->version != answer.version) {
    Suspect(answer.key);  // What was seen is of before.
    return;
  }
  const std::string home = IdAfterSuperseding(origins, mapping->origin_id);
  const SessionInfo* elsewhere = nullptr;  // One with media, if there is any.
  bool at_home = false;
  for (const SessionInfo& publisher : answer.sessions) {
    if (publisher.origin_id.empty()) continue;
    if (IdAfterSuperseding(origins, publisher.origin_id) == home) {
      at_home = true;
    } else if (elsewhere == nullptr || (publisher.media_flows && !elsewhere->media_flows)) {
      elsewhere = &publisher;
    }
  }
  if (!at_home && elsewhere != nullptr) return BringTogether(*mapping, *elsewhere, origins);
  if (IsApart(answer.key)) ListMisplacedViewers(answer.key, mapping->origin_id);
}

void MisplacedStreams::SettleMisplacedViewers(const Answer& answer) {
  if (answer.sessions.empty()) return Forget(answer.key);
  dependencies_.evictor.EvictMisplacedViewers(answer.key, false);
  LookAgain(answer.key);
}

void MisplacedStreams::BringTogether(const StreamMapping& mapping, const SessionInfo& publisher,
                                     const OriginSnapshot& origins) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = apart_.insert_or_assign(mapping.key, publisher.origin_id).second;
  }
  const auto origin = origins.ResolveConnected(publisher.origin_id);
  if (is_new) {
    dependencies_.logger.Warn(
        origin == nullptr ? "a publisher is on an origin that is not known any more: it is ended"
                          : "a stream is apart from its live publisher: brought together",
        {{"stream", mapping.key.ToString()},
         {"publisher_origin", publisher.origin_id},
         {"mapped_origin", mapping.origin_id}});
  }
  if (origin != nullptr) {
    MoveRequest move{mapping.key, origin->id, mapping.version, absl::InfiniteFuture(),
                     MoveCause::kPublisher};
    move.to_publisher = true;
    // When the placement has changed meanwhile, the next look finds it.
    dependencies_.streams.Move(std::move(move), [](const absl::StatusOr<MoveOutcome>&) {});
  } else {
    SessionFilter filter;
    filter.ids = {publisher.id};
    dependencies_.sessions.Kick(
        std::move(filter), 1,
        ProxyFailure(absl::StatusCode::kAborted, "the origin that it publishes to is gone"),
        [](const std::vector<SessionInfo>&) {});
  }
  LookAgain(mapping.key);
}

void MisplacedStreams::LookAgain(const StreamKey& key) {
  again_.emplace(dependencies_.clock.Now() + kPause, key);
}

bool MisplacedStreams::IsApart(const StreamKey& key) const {
  const std::lock_guard lock(mutex_);
  return apart_.contains(key);
}

void MisplacedStreams::Forget(const StreamKey& key) {
  const std::lock_guard lock(mutex_);
  apart_.erase(key);
}

}  // namespace srsproxy
