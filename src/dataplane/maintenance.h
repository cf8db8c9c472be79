// What the data plane does by the clock, on a thread of its own: leases, probes, names, moves, and
// telling whether new streams may be placed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dataplane/balance/migration_controller.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/rebalancer.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/running_clock.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/name_lookup.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/upstream/allowed_origins.h"
#include "dataplane/proxy/upstream/origin_prober.h"

namespace srsproxy {

class Maintenance {
 public:
  // All outlive it.
  struct Needs {
    const LiveConfig& config;
    const Logger& logger;
    Metrics& metrics;
    const net::DialRules& dial_rules;
    RunningClock& running_clock;
    OriginRegistry& origins;
    const StreamView& streams;
    MigrationController& migrations;
    Rebalancer& rebalancer;
    HlsSessions& hls_sessions;
    // See DataPlane::Dependencies.
    std::function<void(bool)> settling;
    std::function<void(StoreState, std::string_view)> store_state;
  };

  // `index`: of its thread, after the workers.
  Maintenance(const Needs& needs, uint32_t index);
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // What has to be true before the first client comes; then begins.
  void Start();
  // Returns when the thread has ended. What it used may be used until then.
  void Stop();

  // An origin has come just after the start. Any thread, until Stop.
  void OriginJoined();

  // Answers until Stop.
  net::NameLookup& names() { return names_; }

 private:
  net::Task<void> EachSecond();
  net::Task<void> MoveStreams();
  // Whether new streams wait for origins, and again when that may change.
  void ReportSettling();
  // What the store of streams reports of itself, when that has changed.
  void ReportStoreState();

  const Needs needs_;
  AllowedOrigins allowed_origins_;
  bool settling_ = false;  // As reported last.
  // As reported last: the state, and why it is unusable.
  std::optional<std::pair<StoreState, std::string>> store_state_;
  uint64_t expired_ = 0;  // Leases, of which the metrics know.
  net::Worker worker_;
  OriginProber prober_;
  net::NameLookup names_{worker_.io()};
};

}  // namespace srsproxy
