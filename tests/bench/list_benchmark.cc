// Paging through 1,000,000 streams: what a page takes, and how long claims have to wait meanwhile.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>

#include "dataplane/core/event_log.h"
#include "dataplane/directory/memory_stream_directory.h"

namespace srsproxy {
namespace {

constexpr int kStreams = 1'000'000;
constexpr size_t kPage = 1'000;

StreamKey Key(int i) { return {"__defaultVhost__", "live", absl::StrCat("livestream-", i)}; }

// Idle mappings, as publishers leave them.
class Directory {
 public:
  Directory() {
    for (int i = 0; i < kStreams; ++i) Publish(Key(i));
  }

  void Publish(const StreamKey& key) {
    ClaimRequest request;
    request.key = key;
    request.origin_id = "vid-0123456789-1-service-0123456789-12345";
    request.role = Role::kPublisher;
    streams.Claim(std::move(request),
                  [](absl::StatusOr<ClaimOutcome> outcome) { outcome->hold->MarkLive(); });
  }

  Clock clock;
  EventLog log{clock};
  MemoryStreamDirectory streams{clock, 2 * kStreams};
  Subscription logged_streams = streams.Subscribe(log);
};

Directory& SharedDirectory() {
  static Directory directory;
  return directory;
}

class Times {
 public:
  template <typename Function>
  void Measure(Function function) {
    const auto start = std::chrono::steady_clock::now();
    function();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    microseconds_.push_back(took.count());
  }
  void Report(benchmark::State& state, const std::string& what) {
    std::sort(microseconds_.begin(), microseconds_.end());
    const auto at = [this](double quantile) {
      if (microseconds_.empty()) return 0.0;
      return microseconds_[static_cast<size_t>(quantile *
                                               static_cast<double>(microseconds_.size() - 1))];
    };
    state.counters[what + "_p50_us"] = at(0.5);
    state.counters[what + "_p999_us"] = at(0.999);
    state.counters[what + "_max_us"] = at(1);
  }

 private:
  std::vector<double> microseconds_;
};

// A media worker's steps for one publisher, over and over, until `stop`.
void Work(Directory& directory, const std::atomic<bool>& stop, Times& times) {
  for (int i = 0; !stop; i = (i + 7919) % kStreams) {
    times.Measure([&] { directory.Publish(Key(i)); });
  }
}

void PageThroughAll(benchmark::State& state) {
  Directory& directory = SharedDirectory();
  Times pages;
  Times publishers;
  std::atomic<bool> stop = false;
  std::thread worker([&] { Work(directory, stop, publishers); });
  for (auto _ : state) {
    std::string after;
    do {
      pages.Measure([&] { after = directory.streams.List(after, kPage).next; });
    } while (!after.empty());
  }
  stop = true;
  worker.join();
  pages.Report(state, "page");
  publishers.Report(state, "publish");
}
BENCHMARK(PageThroughAll)->Unit(benchmark::kMillisecond)->Iterations(5)->UseRealTime();

// The same worker alone, to compare with.
void PublishAlone(benchmark::State& state) {
  Directory& directory = SharedDirectory();
  Times publishers;
  std::atomic<bool> stop = false;
  for (auto _ : state) {
    std::thread worker([&] { Work(directory, stop, publishers); });
    std::this_thread::sleep_for(std::chrono::seconds(5));
    stop = true;
    worker.join();
  }
  publishers.Report(state, "publish");
}
BENCHMARK(PublishAlone)->Unit(benchmark::kMillisecond)->Iterations(1)->UseRealTime();

}  // namespace
}  // namespace srsproxy
