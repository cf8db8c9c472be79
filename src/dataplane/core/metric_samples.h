// Puts computed values into prometheus-cpp's families, for metrics that are made at each scrape.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

namespace srsproxy {

using MetricLabels = std::vector<std::pair<std::string_view, std::string_view>>;

inline prometheus::MetricFamily MakeFamily(std::string_view name, std::string_view help,
                                           prometheus::MetricType type) {
  return {std::string(name), std::string(help), type, {}};
}

// `family` is of type Counter or Gauge.
inline void AddSample(prometheus::MetricFamily& family, const MetricLabels& labels, double value) {
  prometheus::ClientMetric metric;
  for (const auto& [name, text] : labels)
    metric.label.push_back({std::string(name), std::string(text)});
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace srsproxy
