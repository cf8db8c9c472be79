// GoScan: finds what proxies that keep no records, the Go one, have written of streams since it was
// looked at last. Done by the driver alone.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

// On the thread of Redis.
class GoScan {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(1);
  // In a call of Tick. Of 200 keys each, so that 3,000,000 are looked at within the interval, at
  // some 3 % of what Redis can do.
  static constexpr size_t kPagesAtOnce = 25;

  // `streams`: the copies that are compared. `differs` is called with each stream of which
  // something else is written. All outlive the scan, and the client's Stop is its end.
  GoScan(Link& link, const Keys& keys, const Clock& clock, const StreamView& streams,
         std::function<void(const StreamKey&)> differs)
      : link_(link), keys_(keys), clock_(clock), streams_(streams), differs_(std::move(differs)) {}

  // Goes on for some pages; begins again a minute after it began. To be called each 100 ms
  // while this proxy drives.
  void Tick();

 private:
  void AskForPage();
  void TakePage(const Reply& reply);
  void Compare(std::vector<std::string> names, const Reply& values) const;

  Link& link_;
  const Keys& keys_;
  const Clock& clock_;
  const StreamView& streams_;
  const std::function<void(const StreamKey&)> differs_;
  bool asking_ = false;
  size_t pages_left_ = 0;  // Until the next Tick.
  std::string cursor_;     // Of the page that is next; empty: it has not begun.
  MonotonicTime begun_;
};

}  // namespace srsproxy::redis
