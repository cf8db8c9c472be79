// How many streams in use each origin has, counted from the directory's events.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/stream_event.h"

namespace srsproxy {

// Thread-safe. Observes one directory from its first claim on, and outlives its use.
class StreamCounts final : public StreamObserver {
 public:
  // The number of streams in use (StreamMapping::in_use) on an origin, kept up to date.
  using Counter = std::shared_ptr<const std::atomic<uint32_t>>;

  // Never null. Cheap to read, without a lock; finding it takes one.
  Counter Of(std::string_view origin_id) const;

  void OnStreamEvent(const StreamEvent&) override {}
  void OnLoadChange(std::string_view origin_id, int change) override;

 private:
  using Counters = absl::flat_hash_map<std::string, std::shared_ptr<std::atomic<uint32_t>>>;

  // With mutex_ held.
  std::atomic<uint32_t>& At(std::string_view origin_id) const;

  mutable std::mutex mutex_;
  mutable Counters counters_;     // Those of 0 that nobody holds go from time to time.
  mutable size_t sweep_at_ = 64;  // The size at which they go next.
};

}  // namespace srsproxy
