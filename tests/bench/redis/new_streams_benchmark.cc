// New streams on one Redis, by four proxies at once: a publisher's claim of each, its acceptance
// and its end, which is three scripts; 100,000 other streams are known. What Redis itself needs of
// a CPU says how many it could do.
#include <atomic>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>

#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

constexpr int kProxies = 4;
constexpr int kKnown = 100'000;
constexpr int kNew = 20'000;
constexpr int kOpen = 500;  // That each proxy asks for at once.
constexpr size_t kMaxStreams = 1'000'000;

StreamKey Key(int i) { return {"__defaultVhost__", "live", absl::StrCat("new-", i)}; }

double CpuSeconds(const RedisServer& server) {
  return server.Info("used_cpu_user:") + server.Info("used_cpu_sys:");
}

// Publishers that come to one proxy, each for a stream of its own, and leave when they are live.
class Publishers {
 public:
  Publishers(RedisProxy& proxy, int first)
      : proxy_(proxy), next_(first), last_(first + kNew / kProxies) {}

  void Begin() {
    for (int i = 0; i < kOpen; ++i) Next();
  }
  int done() const { return done_; }
  int refused() const { return refused_; }

 private:
  void Next() {
    const int i = next_.fetch_add(1);
    if (i >= last_) return;
    proxy_.streams()->Claim(
        {.key = Key(i),
         .origin_id = absl::StrCat("vid-0123456789-", i % 1000, "-service-0123456789-12345"),
         .role = Role::kPublisher,
         .other_vhost_origin = ""},
        [this](absl::StatusOr<ClaimOutcome> outcome) { OnClaimed(std::move(outcome)); });
  }
  void OnClaimed(absl::StatusOr<ClaimOutcome> outcome) {
    if (!outcome.ok()) return OnDone(outcome.status());
    std::shared_ptr<StreamHold> hold = std::move(outcome->hold);
    hold->MarkLive([this, hold](const absl::Status& accepted) mutable {
      hold.reset();
      OnDone(accepted);
    });
  }
  void OnDone(const absl::Status& status) {
    if (!status.ok()) ++refused_;
    ++done_;
    Next();
  }

  RedisProxy& proxy_;
  std::atomic<int> next_;
  const int last_;
  std::atomic<int> done_{0};
  std::atomic<int> refused_{0};
};

void NewStreams(benchmark::State& state) {
  const Clock clock;
  RedisServer server;
  std::ifstream file(SRSPROXY_BENCH_DIR "/redis/streams.lua");
  const std::string script(std::istreambuf_iterator<char>(file), {});
  for (int i = 0; i < kKnown; i += 20'000) {
    server.Command({"EVAL", script, "0", absl::StrCat(i), "20000", "1000", ""});
  }
  std::vector<std::unique_ptr<RedisProxy>> proxies;
  for (int i = 0; i < kProxies; ++i) {
    proxies.push_back(
        std::make_unique<RedisProxy>(server, clock, kMaxStreams, absl::StrCat("p", i, ":1")));
  }
  const double cpu_before = CpuSeconds(server);
  const double scripts_before = server.Info("cmdstat_evalsha:calls=");
  std::vector<std::unique_ptr<Publishers>> publishers;
  for (auto _ : state) {
    for (int i = 0; i < kProxies; ++i) {
      publishers.push_back(std::make_unique<Publishers>(*proxies[i], i * (kNew / kProxies)));
    }
    for (auto& some : publishers) some->Begin();
    for (auto& some : publishers) {
      WaitUntil([&] { return some->done() >= kNew / kProxies; }, "all are published");
    }
  }
  for (auto& proxy : proxies) proxy->Settle();
  int refused = 0;
  for (const auto& some : publishers) refused += some->refused();
  const double cpu = CpuSeconds(server) - cpu_before;
  state.counters["a_second"] = benchmark::Counter(kNew, benchmark::Counter::kIsRate);
  state.counters["redis_cpu_us"] = cpu / kNew * 1e6;
  state.counters["by_redis_cpu_a_second"] = kNew / cpu;
  state.counters["scripts_each"] = (server.Info("cmdstat_evalsha:calls=") - scripts_before) / kNew;
  state.counters["refused"] = refused;
}
BENCHMARK(NewStreams)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace srsproxy
