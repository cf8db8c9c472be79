#include "dataplane/balance/origin_snapshots.h"

namespace srsproxy {

OriginSnapshots::OriginSnapshots(const Clock& clock, absl::Duration max_age)
    : clock_(clock), max_age_(max_age), current_(std::make_shared<const OriginSnapshot>()) {}

std::shared_ptr<const OriginSnapshot> OriginSnapshots::Current() const {
  const std::lock_guard lock(current_mutex_);
  return current_;
}

void OriginSnapshots::Publish(Fill fill) {
  stale_ = true;
  const bool young = absl::FromChrono(clock_.Now() - published_at_) < max_age_;
  if (!pending_.empty() || !young) Swap(fill);
}

void OriginSnapshots::PublishPending(Fill fill) {
  if (stale_ || !pending_.empty()) Swap(fill);
}

void OriginSnapshots::PublishStale(Fill fill) {
  if (stale_) Swap(fill);
}

void OriginSnapshots::Swap(Fill fill) {
  stale_ = false;
  published_at_ = clock_.Now();
  auto next = std::make_shared<OriginSnapshot>();
  fill(*next);
  next->version = ++version_;
  // Whatever matters to placement is an event, too.
  if (!pending_.empty()) ++shape_version_;
  next->shape_version = shape_version_;
  {
    const std::lock_guard lock(current_mutex_);
    current_ = std::move(next);
  }
  for (const OriginEvent& event : std::exchange(pending_, {})) {
    subscribers_.ForEach([&](EventCallback& callback) { callback(event); });
  }
}

}  // namespace srsproxy
