// GoServers: what the driver of a fleet does for Go proxies on the same Redis, and with what they
// write. They keep no feed: their list of servers, and the keys that it names, are looked at.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/redis_origin_store.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

// Tick on any thread, all else on the thread of Redis. Destroyed after the client has stopped.
class GoServers {
 public:
  // Of an origin that is silent here, the Go proxy's key is looked at: after this time, and again
  // each period.
  static constexpr absl::Duration kQuiet = absl::Seconds(12);
  static constexpr absl::Duration kLookPeriod = absl::Seconds(10);
  static constexpr size_t kLooksAtOnce = 1000;
  // All servers are looked for at least that often: Go proxies overwrite each other's list.
  static constexpr absl::Duration kScanPeriod = absl::Seconds(60);
  // The share of the time in which all keys are looked through.
  static constexpr int kScanShare = 20;

  // All outlive it.
  struct Needs {
    Link& link;
    const Keys& keys;
    RedisOriginStore& store;
    const FleetBus& fleet;
    const Clock& clock;
  };

  explicit GoServers(const Needs& needs) : needs_(needs) {}

  // Call it each second. Of the proxy that drives: `srs-proxy-all-servers` becomes the keys of the
  // origins that are known, when those have changed or somebody else has written it; servers that
  // only Go proxies know come to be known to all; and their heartbeats count.
  void Tick();
  // Whether a tick goes on.
  bool IsBusy() const { return busy_; }

 private:
  // Steps of one tick.
  void ReadList();
  void TakeList(const absl::StatusOr<std::string_view>& text);
  void WriteList();
  void Scan(const std::string& cursor);
  void OnScanned(const absl::StatusOr<Reply>& reply);
  void LookAtQuiet();

  // Adds those that are unknown, as part of the step.
  void AddUnknown(std::string_view id);
  void OnServer(const std::string& id, const absl::StatusOr<Reply>& reply);
  // The next step begins when EndPart was called once more than BeginPart.
  void BeginStep(std::function<void()> next);
  void BeginPart() { ++open_parts_; }
  void EndPart();
  bool IsScanDue() const;

  const Needs needs_;
  std::atomic<bool> busy_{false};  // While a tick goes on; who sets it has all below.
  size_t open_parts_ = 0;
  std::function<void()> next_;
  std::set<std::string, std::less<>> listed_;  // Ids.
  bool is_list_ = false;                       // What is there; else it is to be replaced.
  std::optional<std::string> written_;         // As it was written here last.
  uint64_t written_shape_ = 0;
  bool scan_wanted_ = true;
  MonotonicTime scan_began_ = {};
  MonotonicTime scan_ended_ = {};
  std::map<std::string, absl::Time, std::less<>> updated_;  // By id, as seen last.
};

}  // namespace srsproxy::redis
