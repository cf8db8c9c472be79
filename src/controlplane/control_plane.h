// Everything through which a proxy is controlled: the gRPC port and the System API.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <absl/time/time.h>

#include "controlplane/access/access_files.h"
#include "controlplane/access/call_authorizer.h"
#include "controlplane/access/refusal_log.h"
#include "controlplane/config/config_store.h"
#include "controlplane/control_server.h"
#include "controlplane/http/system_api.h"
#include "controlplane/services/event_service.h"
#include "controlplane/services/origin_service.h"
#include "controlplane/services/proxy_service.h"
#include "controlplane/services/readiness.h"
#include "controlplane/services/rebalance_service.h"
#include "controlplane/services/serve.h"
#include "controlplane/services/session_service.h"
#include "controlplane/services/stream_service.h"
#include "dataplane/balance/migration_controller.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/rebalancer.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/name_lookup.h"

namespace srsproxy::control {

// Used on one thread.
class ControlPlane {
 public:
  // The referred objects outlive the control plane.
  struct Dependencies {
    const LiveConfig& config;
    ConfigStore& settings;  // Which changes `config`.
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
    Readiness& readiness;
    AccessFiles& access;         // Started.
    net::DialRules& dial_rules;  // Gets both ports.
    net::NameLookup& names;
    OriginRegistry& origins;
    StreamDirectory& streams;
    const MigrationController& migrations;
    Rebalancer& rebalancer;
    const Balancer& balancer;
    SessionControl& sessions;
    const EventLog& events;
    std::string version;                        // Of srsproxy.
    std::function<ProxyStatus()> proxy_status;  // See ProxySources.
    std::function<bool(absl::Duration)> drain;  // See ProxySources.
  };

  explicit ControlPlane(Dependencies dependencies);
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;
  ~ControlPlane();

  // Opens both ports. Errors name the setting and its address; nothing listens then.
  absl::Status Start();

  // Closes both ports, lets what runs end for at most `grace`, then cancels it. Blocking.
  void Stop(absl::Duration grace);

  // As bound; 0 when off. After Start.
  uint16_t grpc_port() const { return grpc_port_; }
  uint16_t system_api_port() const { return system_api_port_; }

 private:
  // Of the whole proxy: what the data plane reports, and the ports of the control plane.
  ProxyStatus Status() const;
  // Not ready from now on.
  bool BeginDrain(absl::Duration spread);

  const Dependencies dependencies_;
  std::atomic<uint16_t> grpc_port_{0};
  std::atomic<uint16_t> system_api_port_{0};
  IdempotencyCache requests_;
  RefusalLog refusals_;  // Of registrations.
  RefusalLog denials_;   // Of calls.
  const CallAuthorizer authorizer_;
  const CallObserver observer_;
  OriginService origin_service_;
  StreamService stream_service_;
  RebalanceService rebalance_service_;
  SessionService session_service_;
  EventService event_service_;
  ProxyService proxy_service_;
  std::unique_ptr<ControlServer> server_;
  std::unique_ptr<SystemApi> system_api_;
};

}  // namespace srsproxy::control
