// A viewer's pick of a stream that is known, and the viewer's end: with the store in memory and
// with the one in Redis, for each of 100,000 streams on 1,000 origins in turn.
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>

#include "dataplane/directory/memory_stream_directory.h"
#include "tests/bench/pick_fleet.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxStreams = size_t{2} * kStreams;
constexpr int kWatched = 4'000;
constexpr int kBurst =
    8'000;  // Writes that wait for Redis at once: a link takes no more than 16 Ki.

std::string Number(int i) { return absl::StrCat(i); }

std::shared_ptr<StreamDirectory> MemoryStreams() {
  auto streams = std::make_shared<MemoryStreamDirectory>(TheClock(), kMaxStreams);
  // In no order, as Redis gives them: where they lie in memory is a third of what a pick costs.
  for (int64_t n = 0; n < kStreams; ++n) {
    const int i = static_cast<int>(n * kStride % kStreams);
    streams->Claim(
        {.key = Key(i), .origin_id = Registration(i % kOrigins).Id(), .role = Role::kPublisher},
        [](absl::StatusOr<ClaimOutcome> outcome) { outcome->hold->MarkLive(); });
  }
  return streams;
}

// A Redis that has the streams, and one proxy that has read them.
class SharedStreams {
 public:
  SharedStreams() {
    std::ifstream file(SRSPROXY_BENCH_DIR "/redis/streams.lua");
    const std::string script(std::istreambuf_iterator<char>(file), {});
    constexpr int kAtOnce = 20'000;
    for (int i = 0; i < kStreams; i += kAtOnce) {
      server_.Command({"EVAL", script, "0", Number(i), Number(kAtOnce), Number(kOrigins), ""});
    }
    proxy_ = std::make_unique<RedisProxy>(server_, TheClock(), kMaxStreams, "bench:1");
  }

  std::shared_ptr<StreamDirectory> streams() const { return proxy_->streams(); }
  void Settle() { proxy_->Settle(); }
  // How many scripts it has run so far.
  double scripts() const { return server_.Info("cmdstat_evalsha:calls="); }

 private:
  RedisServer server_;
  std::unique_ptr<RedisProxy> proxy_;
};

SharedStreams& Shared() {
  static SharedStreams shared;
  return shared;
}

PickFleet& InMemory() {
  static PickFleet fleet(MemoryStreams());
  return fleet;
}

PickFleet& InRedis() {
  static PickFleet fleet(Shared().streams());
  return fleet;
}

PickFleet& FleetOf(bool redis) { return redis ? InRedis() : InMemory(); }

// One viewer of each of these streams, as long as this lives; before that there were two, as Redis
// knows.
class Audience {
 public:
  explicit Audience(PickFleet& fleet) {
    std::vector<Placement> second;
    for (std::vector<Placement>* viewers : {&viewers_, &second}) {
      for (int i = 0; i < kWatched; ++i) viewers->push_back(fleet.View(i));
      Shared().Settle();
    }
  }
  ~Audience() {
    viewers_.clear();
    Shared().Settle();
  }

 private:
  std::vector<Placement> viewers_;
};

// Each thread has streams of its own: viewers of one stream are another matter.
void PickAndLeave(benchmark::State& state, PickFleet& fleet, int streams) {
  const int each = streams / state.threads();
  const int first = each * state.thread_index();
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(fleet.View(first + i));
    i = (i + kStride) % each;
  }
}

// Others watch the stream at this proxy.
void FurtherViewer(benchmark::State& state, bool redis) {
  static std::unique_ptr<Audience> audience;
  PickFleet& fleet = FleetOf(redis);
  double scripts = 0;
  if (state.thread_index() == 0) {
    audience = std::make_unique<Audience>(fleet);
    scripts = Shared().scripts();
  }
  PickAndLeave(state, fleet, kWatched);
  if (state.thread_index() == 0) {
    Shared().Settle();
    state.counters["scripts"] = Shared().scripts() - scripts;
    audience.reset();
  }
}

// Nobody else does: Redis is to learn that the stream is used here, and then that it is not.
void FirstViewer(benchmark::State& state, bool redis) {
  PickFleet& fleet = FleetOf(redis);
  if (state.thread_index() == 0) Shared().Settle();
  PickAndLeave(state, fleet, kStreams);
  if (state.thread_index() == 0) Shared().Settle();
}

#define VIEWER(name, iterations)                                                    \
  BENCHMARK_CAPTURE(name, memory, false)->Threads(1)->Iterations(iterations);       \
  BENCHMARK_CAPTURE(name, redis, true)->Threads(1)->Iterations(iterations);         \
  BENCHMARK_CAPTURE(name, memory, false)->Threads(2)->Iterations((iterations) / 2); \
  BENCHMARK_CAPTURE(name, redis, true)->Threads(2)->Iterations((iterations) / 2)
VIEWER(FurtherViewer, 300'000);
VIEWER(FirstViewer, kBurst);
#undef VIEWER

}  // namespace
}  // namespace srsproxy
