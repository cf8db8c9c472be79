// A viewer's pick of a stream that is known, and the viewer's end: with the store in memory and
// with the one in Redis, for each of 100,000 streams on 1,000 origins in turn.
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>

#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

constexpr int kOrigins = 1'000;
constexpr int kStreams = 100'000;
constexpr size_t kMaxStreams = size_t{2} * kStreams;
constexpr int kWatched = 4'000;
constexpr int kBurst =
    8'000;  // Writes that wait for Redis at once: a link takes no more than 16 Ki.
constexpr int kStride = 7919;  // From one pick to the next: no order that caches could guess.

std::string Number(int i) { return absl::StrCat(i); }

StreamKey Key(int i) { return {"__defaultVhost__", "live", "livestream-" + Number(i)}; }

OriginRegistration Registration(int i) {
  OriginRegistration registration;
  registration.ip = absl::StrCat("10.0.", i / 250, ".", i % 250 + 1);
  registration.server = absl::StrCat("vid-0123456789-", i);
  registration.service = "service-0123456789";
  registration.pid = "12345";
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  return registration;
}

std::shared_ptr<StreamDirectory> MemoryStreams(const Clock& clock) {
  auto streams = std::make_shared<MemoryStreamDirectory>(clock, kMaxStreams);
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
  explicit SharedStreams(const Clock& clock) : clock_(clock) {
    std::ifstream file(SRSPROXY_BENCH_DIR "/redis/streams.lua");
    const std::string script(std::istreambuf_iterator<char>(file), {});
    constexpr int kAtOnce = 20'000;
    for (int i = 0; i < kStreams; i += kAtOnce) {
      server_.Command({"EVAL", script, "0", Number(i), Number(kAtOnce), Number(kOrigins), ""});
    }
    proxy_ = std::make_unique<RedisProxy>(server_, clock_, kMaxStreams, "bench:1");
  }

  std::shared_ptr<StreamDirectory> streams() const { return proxy_->streams(); }
  void Settle() { proxy_->Settle(); }
  // How many scripts it has run so far.
  int64_t scripts() const {
    constexpr std::string_view kCalls = "cmdstat_evalsha:calls=";
    const std::string stats(server_.Command({"INFO", "commandstats"}).AsText().value());
    const size_t at = stats.find(kCalls);
    return at == std::string::npos ? 0 : std::atoll(stats.c_str() + at + kCalls.size());
  }

 private:
  const Clock& clock_;
  RedisServer server_;
  std::unique_ptr<RedisProxy> proxy_;
};

class Fleet {
 public:
  explicit Fleet(std::shared_ptr<StreamDirectory> its_streams) : streams(std::move(its_streams)) {
    for (int i = 0; i < kOrigins; ++i) origins.Register(Registration(i), "10.0.0.1").value();
  }

  Placement View(int i) {
    Placement placement;
    balancer.Pick({Key(i), Protocol::kRtmp, Role::kViewer, {}},
                  [&](absl::StatusOr<Placement> picked) { placement = *std::move(picked); });
    return placement;
  }

  Clock clock;
  MemoryOriginStore store;
  OriginRegistry origins{clock, store};
  std::shared_ptr<StreamDirectory> streams;
  StreamCounts counts;
  Subscription counted_streams = streams->Subscribe(counts);
  StickyBalancer balancer{origins, streams, counts, {}, 1};
};

Clock& TheClock() {
  static Clock clock;
  return clock;
}

SharedStreams& Shared() {
  static SharedStreams shared(TheClock());
  return shared;
}

Fleet& InMemory() {
  static Fleet fleet(MemoryStreams(TheClock()));
  return fleet;
}

Fleet& InRedis() {
  static Fleet fleet(Shared().streams());
  return fleet;
}

Fleet& FleetOf(bool redis) { return redis ? InRedis() : InMemory(); }

// One viewer of each of these streams, as long as this lives; before that there were two, as Redis
// knows.
class Audience {
 public:
  explicit Audience(Fleet& fleet) {
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
void PickAndLeave(benchmark::State& state, Fleet& fleet, int streams) {
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
  Fleet& fleet = FleetOf(redis);
  int64_t scripts = 0;
  if (state.thread_index() == 0) {
    audience = std::make_unique<Audience>(fleet);
    scripts = Shared().scripts();
  }
  PickAndLeave(state, fleet, kWatched);
  if (state.thread_index() == 0) {
    Shared().Settle();
    state.counters["scripts"] = static_cast<double>(Shared().scripts() - scripts);
    audience.reset();
  }
}

// Nobody else does: Redis is to learn that the stream is used here, and then that it is not.
void FirstViewer(benchmark::State& state, bool redis) {
  Fleet& fleet = FleetOf(redis);
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
