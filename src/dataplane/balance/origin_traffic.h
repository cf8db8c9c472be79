// Which origins are in use: sessions of publishers, and viewers whose media flows, by origin.
//
// A session counts from its claim on, and on the origin that it was sent to, whatever becomes of
// the stream's mapping. So whoever ends a registration knows at once, and no session slips through
// while it does.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/protocol.h"

namespace srsproxy {

// Thread-safe.
class OriginTraffic {
 public:
  // A viewer whose media has flowed within this time keeps its origin in use.
  static constexpr absl::Duration kFlowing = absl::Seconds(10);

  // One session's use of an origin, until it is destroyed; may outlive the OriginTraffic.
  class Use;

  // `clock` outlives it.
  explicit OriginTraffic(const Clock& clock) : clock_(clock) {}
  OriginTraffic(const OriginTraffic&) = delete;
  OriginTraffic& operator=(const OriginTraffic&) = delete;

  // Sessions may use the origin from now on.
  void Admit(std::string_view origin_id);

  // Null: no session may use the origin (any more).
  std::unique_ptr<Use> Begin(std::string_view origin_id, Role role);

  // A publisher's session is there, with media or on its way to it, or a viewer while media has
  // flowed to viewers within kFlowing. Call it about once a second: media counts as of the next
  // call.
  bool IsInUse(std::string_view origin_id);

  // In one step: no session may use the origin any more, unless it is in use; whether it was not.
  bool Retire(std::string_view origin_id);

  // No session may use the origin any more. Those that do go on, uncounted.
  void Drop(std::string_view origin_id);

  // `former` was superseded: no session may use it any more, and those that do count as the
  // successor's, which is admitted.
  void Inherit(std::string_view former, std::string_view successor);

 private:
  struct Counters {
    std::atomic<uint32_t> publishers{0};
    std::atomic<uint32_t> viewers{0};
    std::atomic<bool> flowed{false};  // To viewers, since the last call.
    MonotonicTime last_flow;          // With mutex_ held.
  };

  // Its own, then those of what it superseded while sessions last.
  using AllCounters = std::vector<std::shared_ptr<Counters>>;

  bool IsInUse(AllCounters& all) const;

  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, AllCounters> origins_;
};

class OriginTraffic::Use {
 public:
  Use(std::shared_ptr<Counters> counters, Role role);
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use();

  // Media was passed on. Any thread; costs next to nothing.
  void MediaPassed() {
    if (!counters_->flowed.load(std::memory_order_relaxed)) {
      counters_->flowed.store(true, std::memory_order_relaxed);
    }
  }

 private:
  const std::shared_ptr<Counters> counters_;
  std::atomic<uint32_t>& sessions_;  // Of its role.
};

}  // namespace srsproxy
