// What was refused to whom: shown to the operator, since SRS ignores what it is answered, and an
// intruder does not complain.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"

namespace srsproxy::control {

struct Refusal {
  std::string source;   // The address, without port, that the requests came from.
  std::string message;  // What was wrong with the last one, and what to do.
  absl::Time last_time;
  int64_t count = 0;
};

// Thread-safe. Remembers at most kMaxSources sources; a new one replaces the one that has been
// silent longest.
class RefusalLog {
 public:
  static constexpr size_t kMaxSources = 256;

  // `what` begins the log lines: "origin registration refused". Clock and logger outlive the log.
  RefusalLog(std::string_view what, const Clock& clock, const Logger& logger);

  // Counts one refusal, and logs it unless one of `source` was logged within the last minute.
  void Add(std::string_view source, std::string_view message);

  // Of the last ten minutes, the latest first.
  std::vector<Refusal> List() const;

 private:
  struct Entry {
    std::string message;
    absl::Time last_time;
    std::optional<MonotonicTime> logged_at;
    int64_t count = 0;
  };

  const std::string what_;
  const Clock& clock_;
  const Logger& logger_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_;  // By source. Guarded by mutex_.
};

}  // namespace srsproxy::control
