// FleetConnection: this proxy as one of those that share a Redis: its connections there, what it
// announces, what it learns, and the store of streams that is made of them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/dead_sweep.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/fleet_identity.h"
#include "dataplane/directory/redis/fleet_origins.h"
#include "dataplane/directory/redis/go_scan.h"
#include "dataplane/directory/redis/redis_fleet.h"
#include "dataplane/directory/redis/redis_stream_directory.h"
#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/directory/redis/settle_time.h"

namespace srsproxy::redis {

// Thread-safe.
class FleetConnection final : public FleetBus, private LinkObserver {
 public:
  // INVALID_ARGUMENT: PROXY_REDIS_TLS_CA cannot be used. `clock`, `metrics` and `logger` outlive
  // it.
  static absl::StatusOr<std::unique_ptr<FleetConnection>> Make(const Config& config,
                                                               const Clock& clock, Metrics& metrics,
                                                               const Logger& logger);
  ~FleetConnection() override;

  // Connects, and returns when that has succeeded, or failed for the first time.
  // FAILED_PRECONDITION: what is there can never be used, a Redis Cluster or a server without EVAL.
  // One that is away is waited for, but not here.
  absl::Status Start();

  RedisStreamDirectory& streams() { return *streams_; }
  FleetOrigins& origins() { return *origins_; }

  bool drives() const override { return fleet_.drives(); }
  std::string driver() const override { return fleet_.driver(); }
  bool settles() const override { return settle_time_.holds(); }
  void Stop() override;

 private:
  FleetConnection(FleetIdentity identity, const Config& config, const Clock& clock,
                  Metrics& metrics, const Logger& logger, std::unique_ptr<Client> client);

  void OnConnected(const ServerInfo& server) override;
  void OnLost(const absl::Status& why) override;
  void EachSecond();
  void ShowMetrics();
  void EachTenth();
  void Settle(absl::Status outcome);

  const FleetIdentity identity_;
  Metrics& metrics_;
  const std::unique_ptr<Client> client_;
  ScriptRunner scripts_;
  FleetFeed feed_;
  RedisFleet fleet_;
  DeadSweep sweep_;
  const std::unique_ptr<RedisStreamDirectory> streams_;
  SettleTime settle_time_;
  GoScan go_scan_;
  const std::unique_ptr<FleetOrigins> origins_;
  // On the thread of Redis.
  bool connected_ = false;
  bool connected_once_ = false;
  uint64_t seconds_connected_ = 0;

  std::mutex mutex_;
  std::condition_variable settled_;
  std::optional<absl::Status> first_outcome_;  // Guarded by mutex_.
  bool stopped_ = false;                       // Guarded by mutex_.
};

}  // namespace srsproxy::redis
