// The standard process_* metrics, read from /proc (proc(5)) at each scrape.
#pragma once

#include <vector>

#include <prometheus/collectable.h>

namespace srsproxy {

// Thread-safe. What /proc does not show is left out.
class ProcessMetrics : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

}  // namespace srsproxy
