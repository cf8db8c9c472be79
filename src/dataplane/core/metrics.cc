#include "dataplane/core/metrics.h"

#include <iterator>
#include <utility>

#include <prometheus/text_serializer.h>

namespace srsproxy {

Metrics::Buckets Metrics::PickBuckets() {
  return {1e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 5e-4, 1e-3, 0.01, 0.1, 1, 10};
}
Metrics::Buckets Metrics::NetworkBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
}
Metrics::Buckets Metrics::RedisBuckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
}
Metrics::Buckets Metrics::SessionBuckets() {
  return {1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600};
}
Metrics::Buckets Metrics::LagBuckets() {
  return {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};
}

void Metrics::AddCollector(std::function<void(Metrics&)> collect) {
  const std::lock_guard lock(scrape_mutex_);
  collectors_.push_back(std::move(collect));
}

std::string Metrics::Serialize() {
  const std::lock_guard lock(scrape_mutex_);
  for (const auto& collect : collectors_) collect(*this);
  std::vector<prometheus::MetricFamily> all;
  const prometheus::Collectable* const sources[] = {&registry_, &workers_, &origins, &process_};
  for (const prometheus::Collectable* source : sources) {
    std::vector<prometheus::MetricFamily> families = source->Collect();
    std::move(families.begin(), families.end(), std::back_inserter(all));
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace srsproxy
