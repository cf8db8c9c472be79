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

#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"

namespace srsproxy {
namespace {

constexpr int kOrigins = 1'000;
constexpr int kStreams = 100'000;

StreamKey Key(int i) { return {"__defaultVhost__", "live", absl::StrCat("livestream-", i)}; }

class Fleet {
 public:
  explicit Fleet(size_t max_streams, PlacementOptions options = {})
      : streams(std::make_shared<MemoryStreamDirectory>(clock, max_streams)),
        balancer(origins, streams, counts, std::move(options), 1) {
    for (int i = 0; i < kOrigins; ++i) {
      OriginRegistration registration;
      registration.ip = absl::StrCat("10.0.", i / 250, ".", i % 250 + 1);
      registration.server = absl::StrCat("vid-0123456789-", i);
      registration.service = "service-0123456789";
      registration.pid = "12345";
      registration.labels = {{"disk", "hdd"}};
      registration.rtmp = {{Transport::kTcp, "", 1935}};
      origins.Register(std::move(registration), "10.0.0.1").value();
    }
  }

  Placement Pick(const StreamKey& key, Role role) {
    Placement placement;
    balancer.Pick({key, Protocol::kRtmp, role, {}},
                  [&](absl::StatusOr<Placement> picked) { placement = *std::move(picked); });
    return placement;
  }
  // Leaves an idle mapping.
  void PublishOnce(const StreamKey& key) { Pick(key, Role::kPublisher).lease->MarkLive(); }

  Clock clock;
  MemoryOriginStore store;
  OriginRegistry origins{clock, store};
  std::shared_ptr<MemoryStreamDirectory> streams;
  StreamCounts counts;
  Subscription counted_streams = streams->Subscribe(counts);
  StickyBalancer balancer;
};

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
  Fleet fleet(2 * kStreams);
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(Key(i));
  Measure(state, [&](int i) {
    return fleet.Pick(Key(static_cast<int>(i * 7919LL % kStreams)), Role::kViewer);
  });
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
  Fleet fleet(2 * kStreams, rules ? WithRules(strategy) : PlacementOptions{strategy, "", {}});
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(Key(i));
  Measure(state, [&](int i) { return fleet.Pick(Key(kStreams + i), Role::kViewer); });
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
  Fleet fleet(kStreams);
  for (int i = 0; i < kStreams; ++i) fleet.PublishOnce(Key(i));
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
    Fleet fleet(kMappings);
    const double before = ResidentMegabytes();
    for (int i = 0; i < kMappings; ++i) fleet.PublishOnce(Key(i));
    state.counters["resident_MB"] = ResidentMegabytes() - before;
    state.counters["mappings"] = static_cast<double>(fleet.streams->size());
  }
}
BENCHMARK(OneMillionMappings)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace srsproxy
