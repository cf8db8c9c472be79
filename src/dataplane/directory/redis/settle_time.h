// SettleTime: this proxy's part in the settle time, for which nothing is decided that has to know
// what the sessions of all proxies use: after Redis was lost, or has lost its data, until all
// proxies that lived before have written that anew; those that are not back are waited for 5 s,
// those that are and have much to write a minute.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// On the thread of Redis, but for holds(). That another history has begun is noticed by every
// script (scripts/common.lua), before it does anything.
class SettleTime {
 public:
  // For so long this proxy keeps it from its end, while it writes.
  static constexpr absl::Duration kWriting = absl::Minutes(1);

  struct Needs {
    // All outlive it, and the client's Stop is its end.
    Link& link;
    ScriptRunner& scripts;
    const Clock& clock;
    // The proxies that have lived of late.
    std::function<std::vector<std::string>()> proxies;
    // The history in which all that sessions here use is written; empty: not all of it is.
    std::function<std::string()> written;
  };
  explicit SettleTime(Needs needs) : needs_(std::move(needs)) {}

  // Redis is reached again after it was lost. Before anything else that is asked of it.
  void Begin() { Ask(/*is_back=*/true); }
  // To be called each 100 ms, while Redis is reached.
  void Tick();

  // As it was when Redis was asked last, at most a second ago.
  bool holds() const { return holds_; }

 private:
  void Ask(bool is_back);
  // Whether this proxy has not written everything, and may still be waited for.
  bool IsWriting(const std::string& written);

  const Needs needs_;
  std::atomic<bool> holds_{false};
  bool asks_ = false;
  uint64_t ticks_ = 0;
  std::optional<MonotonicTime> writes_since_;  // In the settle time that holds.
};

}  // namespace srsproxy::redis
