#include "dataplane/balance/session_evictor.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace srsproxy {
namespace {

constexpr size_t kQuestionsPerTick = 50;
constexpr double kBurstSeconds = 0.2;  // Of the rate, that may be ended at once.

// Until a stream that has nobody to end now is looked at again.
constexpr auto kPause = std::chrono::seconds(1);

absl::Status Moved() {
  return ProxyFailure(absl::StatusCode::kAborted, "the stream moves to another origin");
}

}  // namespace

SessionEvictor::SessionEvictor(const Clock& clock, const StreamView& streams,
                               SessionControl& sessions, SessionEvictorOptions options)
    : clock_(clock),
      streams_(streams),
      sessions_(sessions),
      options_(options),
      refilled_(clock.Now()) {}

bool SessionEvictor::EvictMisplacedViewers(const StreamKey& key, bool publisher_elsewhere) {
  return Begin({key, Role::kViewer}, publisher_elsewhere);
}

bool SessionEvictor::EvictPublishers(const StreamKey& key) {
  return Begin({key, Role::kPublisher}, false);
}

void SessionEvictor::Tick() {
  const MonotonicTime now = clock_.Now();
  const double passed = std::chrono::duration<double>(now - refilled_).count();
  refilled_ = now;
  const double burst = std::max(1.0, options_.sessions_per_second * kBurstSeconds);
  allowance_ = std::min(burst, allowance_ + passed * options_.sessions_per_second);
  TakeAnswers();
  std::vector<Id> due;
  for (auto at = queue_.begin(); at != queue_.end() && due.size() < kQuestionsPerTick;) {
    if (std::get<MonotonicTime>(*at) > now) break;
    due.push_back(std::get<Id>(*at));
    at = queue_.erase(at);
  }
  const size_t share =
      std::max<size_t>(1, static_cast<size_t>(allowance_) / std::max<size_t>(1, due.size()));
  for (const Id& id : due) {
    const auto at = tasks_.find(id);
    at->second.turn = 0;
    if (allowance_ < 1) {
      Schedule(id, at->second, at->second.due);
    } else if (!Evict(id, at->second, share)) {
      tasks_.erase(at);
    }
  }
}

bool SessionEvictor::Begin(Id id, bool publisher_elsewhere) {
  if (tasks_.size() >= options_.max_streams && !tasks_.contains(id)) return false;
  const MonotonicTime now = clock_.Now();
  const auto [at, inserted] = tasks_.try_emplace(std::move(id));
  Task& task = at->second;
  task.publisher_elsewhere = publisher_elsewhere;
  if (publisher_elsewhere) task.without = 0;
  task.look_until = now + absl::ToChronoNanoseconds(options_.late_arrivals);
  if (inserted || task.turn != 0) Schedule(at->first, task, now);
  return true;
}

void SessionEvictor::Schedule(const Id& id, Task& task, MonotonicTime due) {
  if (task.turn != 0) queue_.erase({task.due, task.turn, id});
  task.due = due;
  task.turn = ++last_turn_;
  queue_.emplace(due, task.turn, id);
}

void SessionEvictor::TakeAnswers() {
  std::vector<Answer> taken;
  {
    const std::lock_guard lock(answers_->mutex);
    taken.swap(answers_->list);
  }
  for (const Answer& answer : taken) {
    allowance_ += static_cast<double>(answer.allowed - answer.ended);
    const auto at = tasks_.find(answer.id);
    if (at != tasks_.end()) Settle(answer, at);
  }
}

void SessionEvictor::Settle(const Answer& answer, Tasks::iterator at) {
  Task& task = at->second;
  const MonotonicTime now = clock_.Now();
  if (answer.publisher_elsewhere) return Schedule(at->first, task, now + kPause);
  // A publisher was looked for, and there is none; or there may be more to end.
  if (answer.ended == answer.allowed) {
    if (answer.version != 0) task.without = answer.version;
    task.look_until = now + absl::ToChronoNanoseconds(options_.late_arrivals);
    return Schedule(at->first, task, now);
  }
  if (answer.ended > 0) {
    task.look_until = now + absl::ToChronoNanoseconds(options_.late_arrivals);
  }
  if (answer.id.second == Role::kViewer && now >= task.look_until) {
    tasks_.erase(at);
  } else {
    Schedule(at->first, task, now + kPause);
  }
}

bool SessionEvictor::Evict(const Id& id, const Task& task, size_t limit) {
  const auto& [key, role] = id;
  const auto mapping = streams_.Find(key);
  if (!mapping.has_value()) return false;
  SessionFilter filter;
  filter.key = key;
  filter.role = role;
  if (role == Role::kPublisher) {
    const bool overdue =
        mapping->pending.has_value() && mapping->pending->deadline <= clock_.WallNow();
    if (!overdue) return false;
    filter.not_origin_id = mapping->pending->origin_id;
    Kick(id, std::move(filter), limit);
    return true;
  }
  if (mapping->viewers == 0) return false;
  // What was answered holds for the mapping of then, and no later one.
  const bool may_be_elsewhere =
      (task.publisher_elsewhere || mapping->publisher_live) && mapping->version != task.without;
  if (may_be_elsewhere) {
    FindPublisherElsewhere(id, *mapping);
  } else {
    filter.not_origin_id = mapping->origin_id;
    Kick(id, std::move(filter), limit);
  }
  return true;
}

void SessionEvictor::FindPublisherElsewhere(const Id& id, const StreamMapping& mapping) {
  SessionFilter filter;
  filter.key = id.first;
  filter.role = Role::kPublisher;
  filter.not_origin_id = mapping.origin_id;
  auto answered = [answers = answers_, id,
                   version = mapping.version](const SessionControl::Page& page) {
    const bool found = !page.sessions.empty();
    answers->Add({.id = id, .publisher_elsewhere = found, .version = version});
  };
  sessions_.List(std::move(filter), "", 1, std::move(answered));
}

void SessionEvictor::Kick(const Id& id, SessionFilter filter, size_t limit) {
  allowance_ -= static_cast<double>(limit);
  auto answered = [answers = answers_, id, limit](const std::vector<SessionInfo>& ended) {
    answers->Add({.id = id, .allowed = limit, .ended = ended.size()});
  };
  sessions_.Kick(std::move(filter), limit, Moved(), std::move(answered));
}

}  // namespace srsproxy
