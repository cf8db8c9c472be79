// A pick with 100,000 known streams and 1,000 origins, and what 1,000,000 mappings weigh.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>

#include "dataplane/directory/memory_stream_directory.h"
#include "tests/bench/pick_fleet.h"

namespace srsproxy {
namespace {

std::shared_ptr<StreamDirectory> Streams(size_t max_streams) {
  return std::make_shared<MemoryStreamDirectory>(TheClock(), max_streams);
}

// Times each call of `pick(i)` by itself and reports the distribution.
template <typename PickOne>
void Measure(benchmark::State& state, PickOne pick) {
  std::vector<double> nanoseconds;
  nanoseconds.reserve(4'000'000);
  int i = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    Placement placement = pick(i++);
    const auto end = std::chrono::steady_clock::now();
    state.PauseTiming();
    nanoseconds.push_back(std::chrono::duration<double, std::nano>(end - start).count());
    placement = {};  // The session's end is no part of the pick.
    state.ResumeTiming();
  }
  const auto quantile = [&](double q) {
    const auto at = nanoseconds.begin() + static_cast<ptrdiff_t>(q * (nanoseconds.size() - 1));
    std::nth_element(nanoseconds.begin(), at, nanoseconds.end());
    return *at / 1000;
  };
  state.counters["p50_us"] = quantile(0.5);
  state.counters["p99_us"] = quantile(0.99);
  state.counters["p999_us"] = quantile(0.999);
}

void PickKnownStream(benchmark::State& state) {
  PickFleet fleet(Streams(2 * kStreams));
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(i);
  Measure(state,
          [&](int i) { return fleet.View(static_cast<int>(int64_t{i} * kStride % kStreams)); });
}
BENCHMARK(PickKnownStream)->Iterations(300'000)->Unit(benchmark::kMicrosecond);

// With a zone and rules, of which the last fits every stream and selects every origin.
PlacementOptions WithRules(LoadBalancerStrategy strategy) {
  PlacementOptions options{strategy, "eu-1", {}};
  for (int i = 0; i < 9; ++i) {
    const std::string rule = absl::StrCat("vhost-", i, ".com/* -> disk=ssd");
    options.rules.push_back(PlacementRule::Parse(rule).value());
  }
  options.rules.push_back(PlacementRule::Parse("* -> disk=hdd").value());
  return options;
}

void PickUnknownStream(benchmark::State& state, LoadBalancerStrategy strategy, bool rules) {
  PickFleet fleet(Streams(2 * kStreams),
                  rules ? WithRules(strategy) : PlacementOptions{strategy, "", {}});
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(i);
  Measure(state, [&](int i) { return fleet.View(kStreams + i); });
}
#define PICK_UNKNOWN(name, strategy, rules)                                         \
  BENCHMARK_CAPTURE(PickUnknownStream, name, LoadBalancerStrategy::strategy, rules) \
      ->Iterations(100'000)                                                         \
      ->Unit(benchmark::kMicrosecond)
PICK_UNKNOWN(random, kRandom, false);
PICK_UNKNOWN(least_streams, kLeastStreams, false);
PICK_UNKNOWN(p2c, kP2c, false);
PICK_UNKNOWN(consistent_hash, kConsistentHash, false);
PICK_UNKNOWN(least_streams_by_rule, kLeastStreams, true);
PICK_UNKNOWN(consistent_hash_by_rule, kConsistentHash, true);
#undef PICK_UNKNOWN

// At the cap, where each claim lets the oldest idle mapping go.
void PickUnknownStreamAtTheCap(benchmark::State& state) {
  PickFleet fleet(Streams(kStreams));
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(i);
  Measure(state, [&](int i) {
    Placement placement = fleet.Pick(Key(kStreams + i), Role::kPublisher);
    placement.lease->MarkLive();
    return placement;
  });
}
BENCHMARK(PickUnknownStreamAtTheCap)->Iterations(300'000)->Unit(benchmark::kMicrosecond);

double ResidentMegabytes() {
  size_t total = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

void OneMillionMappings(benchmark::State& state) {
  constexpr int kMappings = 1'000'000;
  for (auto _ : state) {
    PickFleet fleet(Streams(kMappings));
    const double before = ResidentMegabytes();
    for (int i = 0; i < kMappings; ++i) fleet.PublishOnce(i);
    state.counters["resident_MB"] = ResidentMegabytes() - before;
    state.counters["mappings"] = static_cast<double>(fleet.streams->size());
  }
}
BENCHMARK(OneMillionMappings)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace srsproxy
