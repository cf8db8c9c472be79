// What happened to origins and streams lately, for EventService.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/stream_event.h"

namespace srsproxy {

// One thing that happened. Immutable once it is logged.
struct LoggedEvent {
  enum class Kind : uint8_t {
    kOriginAdded,
    kOriginChanged,
    kOriginRemoved,
    kStreamAdded,
    kStreamChanged,
    kStreamRemoved,
    kOriginConflict,
  };

  uint64_t sequence = 0;  // 1 for the first event; grows by one.
  absl::Time time;
  Kind kind = Kind::kOriginAdded;
  std::string reason;  // In words, for people.
  // Exactly one of both, as it is after the event; for a removal, as it was last.
  std::shared_ptr<const Origin> origin;
  std::optional<StreamMapping> stream;
  std::string former_origin_id;  // Of a stream that came to another origin.
};

// A ring of the latest events. For each stream and each origin they are in the order in which they
// happened; over all, in one order for this proxy.
//
// Thread-safe. Writers hold its lock for less than a microsecond and never wait for readers. A full
// ring holds 65,536 events of streams in about 37 MB.
class EventLog final : public StreamObserver {
 public:
  static constexpr size_t kCapacity = 65'536;
  using Event = std::shared_ptr<const LoggedEvent>;

  // `clock` outlives the log.
  explicit EventLog(const Clock& clock, size_t capacity = kCapacity);

  void OnStreamEvent(const StreamEvent& event) override;
  // `kind`: one of an origin. Changes of one origin are added in order, after they can be seen in
  // the registry's snapshot; those of load alone are not.
  void AddOriginEvent(LoggedEvent::Kind kind, std::shared_ptr<const Origin> origin,
                      std::string reason);

  // Distinguishes logs: sequences of another epoch mean nothing here. Random.
  uint64_t epoch() const { return epoch_; }
  // Of the latest event; 0 before the first.
  uint64_t last_sequence() const;

  // The first `limit` events after the sequence `after`, in order. Nullopt: some of these are gone.
  std::optional<std::vector<Event>> ReadAfter(uint64_t after, size_t limit) const;
  // The last `limit` events before the sequence `before`, latest first.
  std::vector<Event> ReadBefore(uint64_t before, size_t limit) const;
  // When the oldest event that is kept happened.
  std::optional<absl::Time> OldestTime() const;

  // Blocks until there is an event after `after`: true; or until `timeout` has passed or `stop` is
  // requested: false. However many events come meanwhile, the caller is woken once.
  bool WaitAfter(uint64_t after, absl::Duration timeout, const std::stop_token& stop) const;

 private:
  void Add(std::shared_ptr<LoggedEvent> event);
  // With mutex_ held.
  uint64_t OldestSequence() const;
  const Event& At(uint64_t sequence) const { return ring_[sequence % ring_.size()]; }

  const Clock& clock_;
  const uint64_t epoch_;

  mutable std::mutex mutex_;  // Guards all below.
  std::vector<Event> ring_;
  uint64_t last_ = 0;
  mutable bool awaited_ = false;  // Since the last event, somebody has called WaitAfter.
  mutable std::condition_variable_any added_;
};

}  // namespace srsproxy
