// DueStreams: streams that are to be looked at once more at some time.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy::redis {

// Thread-safe.
class DueStreams {
 public:
  // Streams that wait at a time.
  static constexpr size_t kMax = 100'000;

  // Of a stream that waits already, the earlier time counts. False: too many wait, and this one
  // does not.
  bool Add(const StreamKey& key, MonotonicTime due) {
    const std::lock_guard lock(mutex_);
    const auto at = times_.find(key);
    if (at == times_.end()) {
      if (times_.size() >= kMax) return false;
      times_.emplace(key, due);
    } else {
      if (at->second <= due) return true;
      streams_.erase({at->second, key});
      at->second = due;
    }
    streams_.emplace(due, key);
    return true;
  }

  // Those that are due at `now`, at most `limit`, the earliest first.
  std::vector<StreamKey> Take(MonotonicTime now, size_t limit) {
    std::vector<StreamKey> due;
    const std::lock_guard lock(mutex_);
    while (!streams_.empty() && streams_.begin()->first <= now && due.size() < limit) {
      due.push_back(std::move(streams_.extract(streams_.begin()).value().second));
      times_.erase(due.back());
    }
    return due;
  }

 private:
  std::mutex mutex_;
  std::set<std::pair<MonotonicTime, StreamKey>> streams_;
  absl::flat_hash_map<StreamKey, MonotonicTime> times_;  // The same.
};

}  // namespace srsproxy::redis
