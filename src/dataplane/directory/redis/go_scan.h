// GoScan: finds what proxies that keep no records, the Go one, have written of streams since it was
// looked at last. Done by the driver alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// On the thread of Redis.
class GoScan {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);
  // In a call of Tick. Of 200 keys each, so that 3,000,000 are looked at within the interval.
  static constexpr size_t kPagesAtOnce = 25;

  // `streams`: the copies that are compared. `differs` is called with each stream of which
  // something else is written. All outlive the scan, and the client's Stop is its end.
  GoScan(ScriptRunner& scripts, const Clock& clock, const StreamView& streams,
         std::function<void(const StreamKey&)> differs)
      : scripts_(scripts), clock_(clock), streams_(streams), differs_(std::move(differs)) {}

  // Goes on for some pages; begins again a minute after it began. To be called each 100 ms
  // while this proxy drives.
  void Tick();

 private:
  void AskForPage();
  void TakePage(const Reply& reply);

  ScriptRunner& scripts_;
  const Clock& clock_;
  const StreamView& streams_;
  const std::function<void(const StreamKey&)> differs_;
  bool asking_ = false;
  size_t pages_left_ = 0;  // Until the next Tick.
  std::string cursor_;     // Of the page that is next; empty: it has not begun.
  MonotonicTime begun_;
};

}  // namespace srsproxy::redis
