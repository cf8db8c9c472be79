// BrokenKeys: what holds in Redis what no proxy writes there: logged once each, and counted.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_set.h>

#include "dataplane/core/log.h"

namespace srsproxy::redis {

// Thread-safe.
class BrokenKeys {
 public:
  // Names that are remembered as logged; beyond that all are forgotten, and logged anew.
  static constexpr size_t kMaxNames = 1000;

  // `logger` outlives it.
  explicit BrokenKeys(const Logger& logger) : logger_(logger) {}

  // `name`: of a key, or of a key and what of it. `remedy`: what an operator can do.
  void Report(const std::string& name, std::string_view problem, std::string_view remedy) {
    ++count_;
    {
      const std::lock_guard lock(mutex_);
      if (logged_.size() >= kMaxNames) logged_.clear();
      if (!logged_.insert(name).second) return;
    }
    logger_.Warn("a key in Redis is passed over",
                 {{"key", name}, {"because", problem}, {"remedy", remedy}});
  }

  // Since the start.
  uint64_t count() const { return count_; }

 private:
  const Logger& logger_;
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  absl::flat_hash_set<std::string> logged_;
};

}  // namespace srsproxy::redis
