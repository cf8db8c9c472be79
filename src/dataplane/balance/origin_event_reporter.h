// Reports what becomes of origins to those who watch: the log, the event log, the metrics.
#pragma once

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/event_log.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"

namespace srsproxy {

// Thread-safe.
class OriginEventReporter {
 public:
  // All outlive it.
  OriginEventReporter(EventLog& events, const Logger& logger, Metrics& metrics)
      : events_(events), logger_(logger), metrics_(metrics) {}

  void Report(const OriginEvent& event);

 private:
  EventLog& events_;
  const Logger& logger_;
  Metrics& metrics_;
};

}  // namespace srsproxy
