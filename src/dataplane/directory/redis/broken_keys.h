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
    if (!Count(name)) return;
    // Not called "key": the values of such fields are not logged (PROXY_LOG_REDACT).
    logger_.Warn("a key in Redis is passed over",
                 {{"name", name}, {"because", problem}, {"remedy", remedy}});
  }
  // One that was removed, so that it can be written anew.
  void ReportRemoved(const std::string& name) {
    if (!Count(name)) return;
    logger_.Warn("a key in Redis held what no proxy writes, and was removed",
                 {{"name", name},
                  {"remedy",
                   "see who else writes to this Redis; PROXY_REDIS_DB and PROXY_REDIS_KEY_PREFIX "
                   "keep others apart"}});
  }

  // Since the start.
  uint64_t count() const { return count_; }

 private:
  // Whether it is to be logged.
  bool Count(const std::string& name) {
    ++count_;
    const std::lock_guard lock(mutex_);
    if (logged_.size() >= kMaxNames) logged_.clear();
    return logged_.insert(name).second;
  }

  const Logger& logger_;
  std::atomic<uint64_t> count_{0};
  std::mutex mutex_;
  absl::flat_hash_set<std::string> logged_;
};

}  // namespace srsproxy::redis
