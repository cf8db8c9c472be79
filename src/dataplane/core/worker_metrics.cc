#include "dataplane/core/worker_metrics.h"

#include <algorithm>

namespace srsproxy {
namespace {

// The labels of the number at `index`, whose last label varies fastest.
std::vector<prometheus::ClientMetric::Label> LabelsAt(const WorkerMetricRow& row, size_t index) {
  std::vector<prometheus::ClientMetric::Label> labels(row.labels.size());
  for (size_t i = row.labels.size(); i-- > 0;) {
    const WorkerMetricRow::Label& label = row.labels[i];
    labels[i] = {std::string(label.name), label.text_at(index % label.size)};
    index /= label.size;
  }
  return labels;
}

prometheus::ClientMetric SampleAt(const WorkerMetricRow& row, size_t index, double value) {
  prometheus::ClientMetric sample;
  sample.label = LabelsAt(row, index);
  if (row.type == prometheus::MetricType::Counter) {
    sample.counter.value = value;
  } else {
    sample.gauge.value = value;
  }
  return sample;
}

}  // namespace

WorkerMetrics& WorkerTotals::Add() {
  const std::lock_guard lock(mutex_);
  return *workers_.emplace_back(std::make_unique<WorkerMetrics>());
}

Traffic WorkerTotals::traffic() const {
  const std::lock_guard lock(mutex_);
  Traffic traffic;
  for (const auto& worker : workers_) {
    traffic.sessions_begun += static_cast<uint64_t>(worker->started_.Value());
    for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
      for (const auto& [role, role_name] : kEnumTable<Role>) {
        const auto bytes = [&, protocol = protocol, role = role](Direction direction) {
          return static_cast<uint64_t>(worker->bytes_.At(protocol, role, direction).Value());
        };
        traffic.bytes_in += bytes(Direction::kIn);
        traffic.bytes_out += bytes(Direction::kOut);
      }
    }
  }
  return traffic;
}

std::vector<prometheus::MetricFamily> WorkerTotals::Collect() const {
  const std::lock_guard lock(mutex_);
  std::vector<prometheus::MetricFamily> families;
  for (size_t i = 0; i < workers_.front()->rows_.size(); ++i) families.push_back(Family(i));
  return families;
}

prometheus::MetricFamily WorkerTotals::Family(size_t row_index) const {
  const WorkerMetricRow& row = workers_.front()->rows_[row_index];
  prometheus::MetricFamily family{std::string(row.name), std::string(row.help), row.type, {}};
  for (size_t i = 0; i < row.numbers.size(); ++i) {
    int64_t sum = 0;
    for (const auto& worker : workers_) sum += worker->rows_[row_index].numbers[i].Value();
    // What began on one thread and ended on another may be seen in the wrong order.
    sum = std::max<int64_t>(sum, 0);
    if (sum == 0 && !row.zeros) continue;  // Of many combinations most never happen.
    family.metric.push_back(SampleAt(row, i, static_cast<double>(sum)));
  }
  return family;
}

}  // namespace srsproxy
