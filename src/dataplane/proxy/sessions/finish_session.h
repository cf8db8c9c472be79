// The report of a session's end: counters and log.
#pragma once

#include <string>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/status.h"

namespace srsproxy {

struct SessionAccounts {
  const Logger& logger;
  Metrics& metrics;
  WorkerMetrics& counters;
};

// Counts and logs the end, by `side` and because of `why`, of the session `info`, which lasted for
// `lasted` and was served by the origin `server`, or none. Its start was counted in the same
// counters.
void FinishSession(const SessionInfo& info, std::string server, MonotonicTime::duration lasted,
                   Side side, const absl::Status& why, SessionAccounts accounts);

}  // namespace srsproxy
