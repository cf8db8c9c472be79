#include "dataplane/core/origin_metrics.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "dataplane/core/metric_samples.h"

namespace srsproxy {
namespace {

// How long the conflicts of an origin that is gone are still shown.
constexpr auto kConflictShown = std::chrono::minutes(10);

constexpr std::string_view kDown = "down";

// The one state under which an origin is counted: what most keeps it from serving.
std::string_view StateOf(const Origin& origin) {
  if (!HoldsLease(origin)) return ToName(origin.health);
  if (origin.down) return kDown;
  if (origin.admin_state != AdminState::kActive) return ToName(origin.admin_state);
  return ToName(origin.health);
}

// The highest of the ratios that the origin reports; absent when it reports none.
std::optional<double> LoadRatio(const Origin& origin) {
  std::optional<double> highest;
  const auto consider = [&](std::optional<double> ratio) {
    if (ratio.has_value()) highest = std::max(highest.value_or(0), *ratio);
  };
  consider(origin.load.cpu_ratio);
  consider(origin.load.memory_ratio);
  if (origin.load.connections.has_value() && origin.registration.capacity > 0) {
    consider(static_cast<double>(*origin.load.connections) /
             static_cast<double>(origin.registration.capacity));
  }
  return highest;
}

}  // namespace

void OriginMetrics::Set(const OriginSnapshot& snapshot, MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  series_.clear();
  states_ = {{kDown, 0}};
  for (const auto& [health, name] : kEnumTable<OriginHealth>) states_[name] = 0;
  for (const auto& [state, name] : kEnumTable<AdminState>) {
    if (state != AdminState::kActive) states_[name] = 0;
  }
  for (const auto& origin : snapshot.origins) {
    ++states_[StateOf(*origin)];
    Series& series = series_[origin->registration.server];
    series.zone = origin->registration.zone;
    series.up |= !origin->down && origin->health == OriginHealth::kHealthy;
    series.draining |= origin->admin_state == AdminState::kDraining;
    series.heartbeat_age_seconds =
        origin->permanent ? 0 : std::chrono::duration<double>(now - origin->last_seen).count();
    series.load_ratio = LoadRatio(*origin);
  }
  for (auto& [server, counters] : counters_) {
    if (std::exchange(counters.conflicts_shown, counters.conflicts) != counters.conflicts) {
      counters.conflicts_grew = now;
    }
    if (!series_.contains(server)) counters.failures.clear();
  }
  // Of two that take each other's place, one is always gone.
  std::erase_if(counters_, [&](const auto& entry) {
    const Counters& counters = entry.second;
    return !series_.contains(entry.first) &&
           (counters.conflicts == 0 || now - counters.conflicts_grew >= kConflictShown);
  });
}

void OriginMetrics::CountFailure(std::string_view server, ConnectOutcome outcome) {
  const std::lock_guard lock(mutex_);
  ++counters_[std::string(server)].failures[outcome];
}

void OriginMetrics::CountConflict(std::string_view server) {
  const std::lock_guard lock(mutex_);
  ++counters_[std::string(server)].conflicts;
}

std::vector<prometheus::MetricFamily> OriginMetrics::Collect() const {
  using prometheus::MetricType;
  auto origins =
      MakeFamily("srsproxy_origins", "Known origins, each under one state.", MetricType::Gauge);
  auto info = MakeFamily("srsproxy_origin_info", "What an origin says of itself; always 1.",
                         MetricType::Gauge);
  auto up = MakeFamily("srsproxy_origin_up",
                       "1 when the origin is healthy and this proxy can connect to it.",
                       MetricType::Gauge);
  auto draining = MakeFamily("srsproxy_origin_draining", "1 while the origin is being drained.",
                             MetricType::Gauge);
  auto age = MakeFamily("srsproxy_origin_heartbeat_age_seconds",
                        "Time since the origin was last heard.", MetricType::Gauge);
  auto load =
      MakeFamily("srsproxy_origin_load_ratio",
                 "The highest of the load ratios that the origin tells.", MetricType::Gauge);
  auto failures = MakeFamily("srsproxy_origin_failures_total",
                             "Connections to the origin that failed, by the way in which they did.",
                             MetricType::Counter);
  auto conflicts =
      MakeFamily("srsproxy_origin_conflicts_total",
                 "Times that registrations of origins came into conflict.", MetricType::Counter);

  const std::lock_guard lock(mutex_);
  for (const auto& [state, count] : states_) {
    AddSample(origins, {{"state", state}}, static_cast<double>(count));
  }
  for (const auto& [server, series] : series_) {
    AddSample(info, {{"origin", server}, {"zone", series.zone}}, 1);
    AddSample(up, {{"origin", server}}, series.up ? 1 : 0);
    AddSample(draining, {{"origin", server}}, series.draining ? 1 : 0);
    AddSample(age, {{"origin", server}}, series.heartbeat_age_seconds);
    if (series.load_ratio.has_value()) AddSample(load, {{"origin", server}}, *series.load_ratio);
  }
  for (const auto& [server, counters] : counters_) {
    for (const auto& [outcome, count] : counters.failures) {
      AddSample(failures, {{"origin", server}, {"reason", ToName(outcome)}},
                static_cast<double>(count));
    }
    AddSample(conflicts, {{"origin", server}}, static_cast<double>(counters.conflicts));
  }
  std::vector<prometheus::MetricFamily> families;
  for (auto* family : {&origins, &info, &up, &draining, &age, &load, &failures, &conflicts}) {
    if (!family->metric.empty()) families.push_back(std::move(*family));
  }
  return families;
}

}  // namespace srsproxy
