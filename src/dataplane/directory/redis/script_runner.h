// ScriptRunner: our scripts in Redis, run with what all of them take, their answers read as far as
// all are alike (scripts/common.lua).
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/log.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/fleet_identity.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/script.h"
#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

// All scripts, for the client that they are run by.
std::vector<Script> AllScripts();

// Thread-safe.
class ScriptRunner {
 public:
  // Valid within the call that brings it.
  struct Answer {
    std::string_view what;        // The script's header says what there is.
    std::span<const Reply> rest;  // As many as the script's header says, or more.
  };
  // As Link::Done. DATA_LOSS: the answer is none of the script's. FAILED_PRECONDITION: the driver's
  // lease has ended that the caller acts by.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Answer>)>;
  // Called with the history's token of each answer, before `done`, on the thread of Redis.
  using HistoryObserver = std::function<void(std::string_view)>;

  // All outlive the runner.
  ScriptRunner(Link& link, FleetIdentity identity, const Logger& logger)
      : link_(link), identity_(std::move(identity)), broken_(logger) {}

  const FleetIdentity& identity() const { return identity_; }
  // Over which they run.
  Link& link() { return link_; }
  // What scripts have removed, and what readers of what they write report.
  BrokenKeys& broken_keys() { return broken_; }

  // Before the first Run.
  void SetHistoryObserver(HistoryObserver observer) { history_observer_ = std::move(observer); }

  // `proxy`: on behalf of which one; `driver`: the number of the lease by which it is asked.
  struct Caller {
    std::string_view proxy = {};  // Empty: this one.
    uint64_t driver = 0;          // 0: by none.
  };
  void Run(std::string_view script, std::span<const std::string> arguments, Done done,
           Caller caller);
  void Run(std::string_view script, std::span<const std::string> arguments, Done done) {
    Run(script, arguments, std::move(done), Caller{});
  }

 private:
  absl::StatusOr<Answer> Read(const Reply& reply);

  Link& link_;
  const FleetIdentity identity_;
  BrokenKeys broken_;
  HistoryObserver history_observer_;
  std::mutex mutex_;
  std::string known_history_;  // Of the last answer; guarded by mutex_.
};

}  // namespace srsproxy::redis
