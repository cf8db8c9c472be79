// DueStreams: streams that are to be looked at once more at some time.
#pragma once

#include <map>
#include <mutex>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy::redis {

// Thread-safe.
class DueStreams {
 public:
  void Add(const StreamKey& key, MonotonicTime due) {
    const std::lock_guard lock(mutex_);
    streams_.emplace(due, key);
  }

  // Those that are due at `now`, at most `limit`, the earliest first.
  std::vector<StreamKey> Take(MonotonicTime now, size_t limit) {
    std::vector<StreamKey> due;
    const std::lock_guard lock(mutex_);
    while (!streams_.empty() && streams_.begin()->first <= now && due.size() < limit) {
      due.push_back(std::move(streams_.begin()->second));
      streams_.erase(streams_.begin());
    }
    return due;
  }

 private:
  std::mutex mutex_;
  std::multimap<MonotonicTime, StreamKey> streams_;
};

}  // namespace srsproxy::redis
