// Ends all sessions of all workers: one after another while a proxy is drained, all at once and
// with an end to wait for when it stops.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

class GracefulShutdown {
 public:
  struct WorkerSessions {
    net::Worker& worker;
    SessionTable& sessions;
  };

  // Workers, tables and `clock` outlive it, and it the workers' threads.
  GracefulShutdown(const Clock& clock, std::vector<WorkerSessions> workers)
      : clock_(clock), workers_(std::move(workers)) {}
  GracefulShutdown(const GracefulShutdown&) = delete;
  GracefulShutdown& operator=(const GracefulShutdown&) = delete;

  // Begins to end them over `spread`, the oldest first. False: that has begun already. Any thread.
  bool BeginDrain(absl::Duration spread);
  bool draining() const { return draining_; }  // Any thread.

  // Ends every session, and returns when all have ended: true; or after `timeout`: false. A
  // repeated call goes on waiting. Blocking; on one thread.
  bool EndAll(absl::Duration timeout);

 private:
  struct Progress;

  net::Task<void> EndOneByOne(WorkerSessions worker, absl::Duration spread);
  static net::Task<void> EndAllOf(WorkerSessions worker, std::shared_ptr<Progress> progress);

  const Clock& clock_;
  const std::vector<WorkerSessions> workers_;
  std::atomic<bool> draining_{false};
  std::shared_ptr<Progress> progress_;  // Once EndAll has begun.
};

}  // namespace srsproxy
