// RedisFleet: the proxies that share a Redis, each announced there while it lives, and the one of
// them that drives: it holds a lease whose number grows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/log.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/fleet_identity.h"
#include "dataplane/directory/redis/link.h"

namespace srsproxy::redis {

// Thread-safe; Tick on the thread of Redis.
class RedisFleet final : public FleetBus {
 public:
  static constexpr absl::Duration kAnnouncement = absl::Seconds(15);
  static constexpr absl::Duration kLease = absl::Seconds(10);

  // All outlive the fleet, and the client's Stop is its end.
  RedisFleet(Link& link, const FleetIdentity& identity, const Clock& clock, const Logger& logger,
             BrokenKeys& broken);

  bool drives() const override { return lease() != 0; }
  std::string driver() const override;

  // The number of the lease by which this proxy drives, for ScriptRunner::Caller; 0: it does not.
  uint64_t lease() const;

  // `usable` is called, on the thread of Redis, with whether an announcement could be written.
  void SetUsableObserver(std::function<void(bool)> usable) { usable_ = std::move(usable); }

  // Announces this proxy, and takes or renews the lease. To be called each second.
  void Tick();
  void Announce();
  // The same, for a proxy that has just reached Redis: all of it now.
  void OnConnected();
  // This proxy ends: what it held is nothing from now on, and the lease is free. `left` is called
  // once, when that is written or cannot be.
  void Leave(std::function<void()> left);

  // The proxies that were announced and whose announcement has ended: what they held is to be
  // swept. Known to the driver.
  std::vector<std::string> TakeDead();
  // The proxies that were alive when it was asked last, this one among them.
  size_t alive() const { return alive_; }
  // Those that have lived in the last 30 s, this one among them: also while Redis has lost their
  // announcements.
  std::vector<std::string> SeenAlive();

  // Nothing of a dead proxy is left.
  void Swept(std::string_view proxy);

 private:
  void FindDead();
  void OnProxies(const Reply& reply);
  void SeekLease();
  void OnDriver(MonotonicTime asked, const Reply& reply);
  // It is none: nobody could take one.
  void RemoveLease();
  void TakeLease();
  void SetLease(uint64_t number, MonotonicTime asked);

  Link& link_;
  const FleetIdentity& identity_;
  const Clock& clock_;
  const Logger& logger_;
  BrokenKeys& broken_;
  std::function<void(bool)> usable_;
  std::atomic<size_t> alive_{1};
  std::map<std::string, MonotonicTime> seen_alive_;
  size_t counted_ = 1;  // So far, of those that are asked about.
  uint64_t ticks_ = 0;
  bool warned_of_twin_ = false;

  mutable std::mutex mutex_;
  std::string driver_;  // `number PROXY_ID:boot`, as read last.
  uint64_t lease_ = 0;
  MonotonicTime lease_until_;  // By this proxy's clock: before it ends in Redis.
  std::vector<std::string> dead_;
};

}  // namespace srsproxy::redis
