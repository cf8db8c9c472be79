// Everything that media passes through: workers, listeners, sessions, and the knowledge of where
// streams are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/balance/migration_controller.h"
#include "dataplane/balance/origin_event_reporter.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/rebalancer.h"
#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/balance/stream_counts.h"
#include "dataplane/core/authorizer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/event_log.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/running_clock.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stores.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/listeners.h"
#include "dataplane/maintenance.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/name_lookup.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/http/live_streams.h"
#include "dataplane/proxy/http/static_files.h"
#include "dataplane/proxy/sessions/graceful_shutdown.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/worker_context.h"

namespace srsproxy {

// Made, started and drained on one thread; the registries that it hands out are thread-safe.
class DataPlane {
 public:
  // All outlive the data plane.
  struct Dependencies {
    const LiveConfig& config;
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
    Authorizer& authorizer;
    const Stores& stores;        // Which the data plane stops at its end.
    net::DialRules& dial_rules;  // Learns of every listener.
    // Called with true when new streams wait because this proxy has just started, with false when
    // they do not any more. Within Start, then on a thread of the data plane's. May be null.
    std::function<void(bool)> settling = nullptr;
    // Called with what the store of streams reports of itself: within Start, then when that has
    // changed, on a thread of the data plane's; the text is StreamView::unusable(). May be null.
    std::function<void(StoreState, std::string_view)> store_state = nullptr;
  };

  explicit DataPlane(const Dependencies& dependencies);
  DataPlane(const DataPlane&) = delete;
  DataPlane& operator=(const DataPlane&) = delete;
  ~DataPlane();  // What still runs ends at once.

  // Opens every listener and starts to accept. Errors name the setting; nothing listens then.
  absl::Status Start();

  // Closes the listeners. Sessions go on.
  void StopAccepting() { listeners_->StopAccepting(); }
  // Stops accepting, and ends the sessions one after another over `spread`. False: that has begun
  // already. Any thread.
  bool BeginDrain(absl::Duration spread);
  bool draining() const { return shutdown_->draining(); }  // Any thread.
  // Ends every session, and returns when all have shut down: true; or after `timeout`: false. A
  // repeated call goes on waiting. Blocking.
  bool Drain(absl::Duration timeout);

  using BoundListener = srsproxy::BoundListener;
  const std::vector<BoundListener>& listeners() const { return listeners_->bound(); }
  // When the certificate of the TLS listeners expires. Absent: there is none. Any thread.
  std::optional<absl::Time> certificate_expiry() const { return listeners_->certificate_expiry(); }
  uint32_t worker_count() const { return static_cast<uint32_t>(workers_.size()); }
  // Connections that are open now. Any thread.
  uint64_t sessions() const { return limit_.used(); }

  // Answers until the data plane ends.
  net::NameLookup& names() { return maintenance_->names(); }
  OriginRegistry& origins() { return *origins_; }
  StreamDirectory& streams() { return *dependencies_.stores.streams; }
  Balancer& balancer() { return *balancer_; }
  SessionControl& session_control() { return *session_control_; }
  const MigrationController& migrations() const { return *migrations_; }
  Rebalancer& rebalancer() { return *rebalancer_; }
  const EventLog& event_log() const { return event_log_; }

 private:
  void MakeWorkerContexts();
  void MakeMovers();
  absl::Status OpenStaticFiles(const Config& config);
  void CollectMetrics();
  void Reconfigure(const Config& config);
  void OnOriginEvent(const OriginEvent& event);

  const Dependencies dependencies_;
  const MonotonicTime started_;
  RunningClock running_clock_;  // By which silence is judged.
  std::unique_ptr<OriginRegistry> origins_;
  EventLog event_log_;
  OriginEventReporter origin_event_reporter_;
  Subscription origin_events_;
  StreamCounts stream_counts_;
  Subscription counted_streams_;
  Subscription logged_streams_;
  std::unique_ptr<StickyBalancer> balancer_;
  const uint64_t descriptors_;
  HlsSessions hls_sessions_;
  SessionLimit limit_;
  SessionLimit cluster_requests_;
  net::Workers workers_;
  std::vector<std::unique_ptr<WorkerContext>> contexts_;  // One for each worker.
  std::unique_ptr<SessionControl> session_control_;
  std::unique_ptr<GracefulShutdown> shutdown_;
  std::unique_ptr<MigrationController> migrations_;
  Subscription migrated_streams_;
  std::unique_ptr<Rebalancer> rebalancer_;
  std::unique_ptr<Listeners> listeners_;
  std::optional<LiveStreams> live_streams_;    // Once listening.
  std::unique_ptr<StaticFiles> static_files_;  // When there are any.
  std::unique_ptr<Maintenance> maintenance_;
  const Subscription config_changes_;
};

}  // namespace srsproxy
