// Metrics of Prometheus, each declared once: its row has its name, its help and its labels, and is
// what it is counted by.
//
//   CounterFamily<std::string_view, ClientError> client_errors{
//       registry, "srsproxy_client_errors_total", "What clients sent that is not allowed, by
//       kind.",
//       {"protocol", "reason"}};
//   client_errors.Increment("rtmp", ClientError::kTimeout);
//
// A label is an enum that has names, a number or a text. What has no labels is shown from the start
// on, else a series is from its first value on. Thread-safe; each call takes a lock for a moment.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <absl/time/time.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "dataplane/core/enum_names.h"

namespace srsproxy {

template <typename Label>
std::string LabelText(const Label& label) {
  if constexpr (NamedEnum<Label>) {
    return std::string(ToName(label));
  } else if constexpr (std::is_integral_v<Label>) {
    return std::to_string(label);
  } else {
    return std::string(label);
  }
}

// The names of a family's labels.
template <typename... Labels>
class LabelNames {
 public:
  template <typename... Names>
  requires(sizeof...(Names) == sizeof...(Labels)) LabelNames(const Names&... names)
      : names_{std::string(names)...} {}  // NOLINT: a list of names.

  prometheus::Labels With(const Labels&... labels) const {
    prometheus::Labels all;
    size_t i = 0;
    (all.emplace(names_[i++], LabelText(labels)), ...);
    return all;
  }

 private:
  std::array<std::string, sizeof...(Labels)> names_;
};

template <typename... Labels>
class CounterFamily {
 public:
  CounterFamily(prometheus::Registry& registry, std::string_view name, std::string_view help,
                LabelNames<Labels...> labels = {})
      : family_(prometheus::BuildCounter()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(registry)),
        labels_(std::move(labels)) {
    if constexpr (sizeof...(Labels) == 0) family_.Add({});
  }

  void Increment(const Labels&... labels) { family_.Add(labels_.With(labels...)).Increment(); }

  // For a total that is counted elsewhere. By one thread at a time.
  void RaiseTo(const Labels&... labels, uint64_t total) {
    prometheus::Counter& counter = family_.Add(labels_.With(labels...));
    const double more = static_cast<double>(total) - counter.Value();
    if (more > 0) counter.Increment(more);
  }

 private:
  prometheus::Family<prometheus::Counter>& family_;
  const LabelNames<Labels...> labels_;
};

// Of what has no labels: a value that means nothing before it is set is not to be 0 until then.
enum class Shown : uint8_t { kFromTheStart, kOnceSet };

template <typename... Labels>
class GaugeFamily {
 public:
  GaugeFamily(prometheus::Registry& registry, std::string_view name, std::string_view help,
              LabelNames<Labels...> labels = {}, Shown shown = Shown::kFromTheStart)
      : family_(prometheus::BuildGauge()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(registry)),
        labels_(std::move(labels)) {
    if (sizeof...(Labels) == 0 && shown == Shown::kFromTheStart) family_.Add({});
  }

  template <typename Number>
  void Set(const Labels&... labels, Number value) {
    family_.Add(labels_.With(labels...)).Set(static_cast<double>(value));
  }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  const LabelNames<Labels...> labels_;
};

// Of times, in seconds.
template <typename... Labels>
class HistogramFamily {
 public:
  using Buckets = prometheus::Histogram::BucketBoundaries;  // Upper bounds.

  HistogramFamily(prometheus::Registry& registry, std::string_view name, std::string_view help,
                  LabelNames<Labels...> labels, Buckets buckets)
      : family_(prometheus::BuildHistogram()
                    .Name(std::string(name))
                    .Help(std::string(help))
                    .Register(registry)),
        labels_(std::move(labels)),
        buckets_(std::move(buckets)) {
    if constexpr (sizeof...(Labels) == 0) family_.Add({}, buckets_);
  }

  void Observe(const Labels&... labels, absl::Duration elapsed) {
    family_.Add(labels_.With(labels...), buckets_).Observe(absl::ToDoubleSeconds(elapsed));
  }

 private:
  prometheus::Family<prometheus::Histogram>& family_;
  const LabelNames<Labels...> labels_;
  const Buckets buckets_;
};

}  // namespace srsproxy
