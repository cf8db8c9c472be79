// What logging an event costs its thread, and what a full log weighs.
#include <memory>
#include <string>

#include <absl/strings/str_cat.h>
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "dataplane/core/event_log.h"

namespace srsproxy {
namespace {

StreamEvent EventOf(uint64_t version) {
  StreamEvent event;
  event.mapping.key = {"__defaultVhost__", "live", absl::StrCat("livestream-", version % 100'000)};
  event.mapping.origin_id = "vid-0123456789-1-service-0123456789-12345";
  event.mapping.version = version;
  event.reason = StreamEventReason::kPublisherEnded;
  return event;
}

void LogStreamEvents(benchmark::State& state) {
  const Clock clock;
  const auto before = mallinfo2();
  EventLog log(clock);
  uint64_t version = 0;
  while (version < EventLog::kCapacity) log.OnStreamEvent(EventOf(++version));
  const auto after = mallinfo2();
  const StreamEvent event = EventOf(1);
  for (auto _ : state) log.OnStreamEvent(event);
  state.counters["full_MB"] =
      static_cast<double>(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd) / 1e6;
}
BENCHMARK(LogStreamEvents);

}  // namespace
}  // namespace srsproxy
