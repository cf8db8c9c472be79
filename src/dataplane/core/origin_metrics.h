// The metrics of single origins: their series come and go with the origins.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/collectable.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

// Thread-safe. Origins are distinguished by their `server`.
class OriginMetrics : public prometheus::Collectable {
 public:
  // Replaces all gauges, and forgets the counters of origins that are not in `snapshot`.
  void Set(const OriginSnapshot& snapshot, MonotonicTime now);

  void CountFailure(std::string_view server, ConnectOutcome outcome);
  void CountConflict(std::string_view server);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Series {
    std::string zone;
    bool up = false;
    bool draining = false;
    double heartbeat_age_seconds = 0;
    std::optional<double> load_ratio;
  };
  struct Counters {
    std::map<ConnectOutcome, uint64_t> failures;
    uint64_t conflicts = 0;
    uint64_t conflicts_shown = 0;
    MonotonicTime conflicts_grew;  // Seen by Set.
  };

  mutable std::mutex mutex_;
  std::map<std::string, Series, std::less<>> series_;
  std::map<std::string, Counters, std::less<>> counters_;
  std::map<std::string_view, uint64_t> states_;
};

}  // namespace srsproxy
