// What every session of one worker uses, whatever its protocol.
#pragma once

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/net/worker.h"

namespace srsproxy {

// Outlives the sessions, as does what it refers to.
struct SessionContext {
  net::Worker& worker;
  const Clock& clock;
  const Logger& logger;
  Metrics& metrics;
  WorkerMetrics& counters;  // Of the worker.

  net::asio::any_io_executor executor() const { return worker.io().get_executor(); }
  net::Poller& immediate_poller() const { return worker.poller(net::Poller::Delivery::kImmediate); }
};

}  // namespace srsproxy
