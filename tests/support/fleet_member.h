// One proxy of a fleet, as far as placement goes: the stores on a real Redis, which it reaches
// through a relay that faults, with the registry and the balancer of a DataPlane.
#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/balance/stream_counts.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/redis_stores.h"
#include "tests/support/fault_relay.h"
#include "tests/support/placement_watch.h"

namespace srsproxy {

class FleetMember {
 public:
  struct Options {
    uint16_t redis = 0;  // Its port.
    std::string id;
    uint64_t seed = 0;
    FaultRelay::Options faults;
  };

  FleetMember(const Options& options, Placements& placements)
      : relay_(options.redis, options.seed, options.faults),
        config_(ConfigFor(options.id, relay_.port())),
        watcher_(placements),
        stores_(MakeRedisStores(config_, clock_, metrics_, logger_).value()),
        registry_(clock_, *stores_.origins, {.keep_dead = absl::ZeroDuration()},
                  stores_.fleet.get()),
        balancer_(registry_, stores_.streams, counts_, PlacementOptions::From(config_),
                  options.seed),
        counted_(stores_.streams->Subscribe(counts_)),
        watched_(stores_.streams->Subscribe(watcher_)) {}
  ~FleetMember() { Stop(); }

  void Stop() { stores_.Stop(); }

  FaultRelay& relay() { return relay_; }
  Watcher& watcher() { return watcher_; }
  StreamDirectory& streams() { return *stores_.streams; }
  OriginRegistry& registry() { return registry_; }
  bool drives() const { return stores_.fleet->drives(); }

  // Waits for the answer.
  absl::StatusOr<Placement> Pick(PickRequest request) {
    std::promise<absl::StatusOr<Placement>> answer;
    balancer_.Pick(std::move(request), [&answer](absl::StatusOr<Placement> placement) {
      answer.set_value(std::move(placement));
    });
    return answer.get_future().get();
  }

 private:
  static Config ConfigFor(const std::string& id, uint16_t port) {
    Config config;
    config.id = id;
    config.connect_timeout = absl::Seconds(1);
    config.origin_server_ttl = absl::Minutes(5);
    config.load_balancer_type = LoadBalancerType::kRedis;
    config.max_streams = 1000;
    config.redis_host = "127.0.0.1";
    config.redis_port = port;
    return config;
  }

  FaultRelay relay_;
  const Config config_;
  const Clock clock_;
  const Logger logger_{{.level = LogLevel::kError}};
  Metrics metrics_{"test"};
  StreamCounts counts_;
  Watcher watcher_;
  const Stores stores_;
  OriginRegistry registry_;
  StickyBalancer balancer_;
  const Subscription counted_;
  const Subscription watched_;
};

}  // namespace srsproxy
