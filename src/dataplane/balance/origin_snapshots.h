// OriginSnapshots: the immutable list of origins, swapped whole, and who is notified of its
// changes.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include "dataplane/balance/origin_event.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/subscription.h"

namespace srsproxy {

// Current() is thread-safe; the owner's lock is held for all else.
class OriginSnapshots {
 public:
  using EventCallback = absl::AnyInvocable<void(const OriginEvent&)>;

  // `clock` outlives it. `max_age`: how long a change that is no event may wait.
  OriginSnapshots(const Clock& clock, absl::Duration max_age);

  // Never null; cheap enough for every pick.
  std::shared_ptr<const OriginSnapshot> Current() const;

  // Subscribers get it with the next snapshot.
  void Emit(OriginEvent event) { pending_.push_back(std::move(event)); }

  // Sets the origins of the next snapshot, and their successors.
  using Fill = absl::FunctionRef<void(OriginSnapshot&)>;
  // Swaps the snapshot, then notifies of the pending events; later when there are none and the
  // snapshot is young.
  void Publish(Fill fill);
  // The same at once, when there is anything to publish.
  void PublishPending(Fill fill);
  // The same at once, when Publish has left anything to later.
  void PublishStale(Fill fill);

  Subscription Subscribe(EventCallback callback) { return subscribers_.Add(std::move(callback)); }

 private:
  void Swap(Fill fill);

  const Clock& clock_;
  const absl::Duration max_age_;
  std::vector<OriginEvent> pending_;
  Subscribers<EventCallback> subscribers_;
  MonotonicTime published_at_;
  bool stale_ = false;  // The snapshot lacks something.
  uint64_t version_ = 0;
  uint64_t shape_version_ = 0;

  mutable std::mutex current_mutex_;
  std::shared_ptr<const OriginSnapshot> current_;
};

}  // namespace srsproxy
