#include "dataplane/core/event_log.h"

#include <algorithm>
#include <random>
#include <utility>

namespace srsproxy {
namespace {

uint64_t RandomEpoch() {
  std::random_device random;
  const uint64_t high = random();
  return high << 32 | random();
}

LoggedEvent::Kind KindOf(StreamEvent::Kind kind) {
  switch (kind) {
    case StreamEvent::Kind::kPlaced:
      return LoggedEvent::Kind::kStreamAdded;
    case StreamEvent::Kind::kChanged:
      return LoggedEvent::Kind::kStreamChanged;
    case StreamEvent::Kind::kRemoved:
      break;
  }
  return LoggedEvent::Kind::kStreamRemoved;
}

}  // namespace

EventLog::EventLog(const Clock& clock, size_t capacity)
    : clock_(clock), epoch_(RandomEpoch()), ring_(capacity) {}

void EventLog::OnStreamEvent(const StreamEvent& event) {
  auto logged = std::make_shared<LoggedEvent>();
  logged->kind = KindOf(event.kind);
  logged->reason = ToName(event.reason);
  logged->stream = event.mapping;
  logged->former_origin_id = event.former_origin_id;
  Add(std::move(logged));
}

void EventLog::AddOriginEvent(LoggedEvent::Kind kind, std::shared_ptr<const Origin> origin,
                              std::string reason) {
  auto logged = std::make_shared<LoggedEvent>();
  logged->kind = kind;
  logged->reason = std::move(reason);
  logged->origin = std::move(origin);
  Add(std::move(logged));
}

void EventLog::Add(std::shared_ptr<LoggedEvent> event) {
  Event overwritten;  // Freed without the lock.
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    event->sequence = ++last_;
    event->time = clock_.WallNow();
    overwritten = std::exchange(ring_[last_ % ring_.size()], std::move(event));
    wake = std::exchange(awaited_, false);
  }
  if (wake) added_.notify_all();
}

uint64_t EventLog::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

uint64_t EventLog::OldestSequence() const {
  return last_ > ring_.size() ? last_ - ring_.size() + 1 : 1;
}

std::optional<std::vector<EventLog::Event>> EventLog::ReadAfter(uint64_t after,
                                                                size_t limit) const {
  std::vector<Event> events;
  const std::lock_guard lock(mutex_);
  if (after >= last_) return events;
  if (after + 1 < OldestSequence()) return std::nullopt;
  const uint64_t end = after + std::min<uint64_t>(limit, last_ - after);
  events.reserve(end - after);
  for (uint64_t sequence = after + 1; sequence <= end; ++sequence) events.push_back(At(sequence));
  return events;
}

std::vector<EventLog::Event> EventLog::ReadBefore(uint64_t before, size_t limit) const {
  std::vector<Event> events;
  const std::lock_guard lock(mutex_);
  const uint64_t oldest = OldestSequence();
  for (uint64_t sequence = std::min(before, last_ + 1); sequence > oldest && events.size() < limit;
       --sequence) {
    events.push_back(At(sequence - 1));
  }
  return events;
}

std::optional<absl::Time> EventLog::OldestTime() const {
  const std::lock_guard lock(mutex_);
  if (last_ == 0) return std::nullopt;
  return At(OldestSequence())->time;
}

bool EventLog::WaitAfter(uint64_t after, absl::Duration timeout,
                         const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  if (last_ > after) return true;
  awaited_ = true;
  return added_.wait_for(lock, stop, absl::ToChronoNanoseconds(timeout),
                         [&] { return last_ > after; });
}

}  // namespace srsproxy
