#include "controlplane/control_plane.h"

#include <algorithm>
#include <string>
#include <utility>

#include "controlplane/config/config_access.h"

namespace srsproxy::control {
namespace {

// `address` with the port that was chosen for it.
std::string BoundAddress(ListenAddress address, uint16_t port) {
  address.port = port;
  return FormatListenAddress(address);
}

}  // namespace

ControlPlane::ControlPlane(Dependencies dependencies)
    : dependencies_(std::move(dependencies)),
      requests_(dependencies_.clock),
      refusals_("origin registration refused", dependencies_.clock, dependencies_.logger),
      denials_("call denied", dependencies_.clock, dependencies_.logger),
      authorizer_(dependencies_.access.tokens(), denials_, dependencies_.metrics),
      observer_{.clock = dependencies_.clock,
                .metrics = dependencies_.metrics,
                .logger = dependencies_.logger,
                .requests = requests_,
                .authorizer = authorizer_},
      origin_service_({.origins = dependencies_.origins,
                       .streams = dependencies_.streams,
                       .migrations = dependencies_.migrations,
                       .sessions = dependencies_.sessions,
                       .config = dependencies_.config,
                       .dial_rules = dependencies_.dial_rules,
                       .names = dependencies_.names,
                       .refusals = refusals_},
                      observer_),
      stream_service_({.streams = dependencies_.streams,
                       .origins = dependencies_.origins,
                       .balancer = dependencies_.balancer,
                       .misplaced = dependencies_.migrations.misplaced(),
                       .sessions = dependencies_.sessions,
                       .config = dependencies_.config},
                      observer_),
      rebalance_service_(dependencies_.rebalancer, observer_),
      session_service_(dependencies_.sessions, dependencies_.config, observer_),
      event_service_(dependencies_.events, dependencies_.origins, dependencies_.streams,
                     dependencies_.config, observer_),
      proxy_service_({.config = dependencies_.config,
                      .settings = dependencies_.settings,
                      .version = dependencies_.version,
                      .started_at = dependencies_.clock.WallNow(),
                      .origins = dependencies_.origins,
                      .streams = dependencies_.streams,
                      .misplaced = dependencies_.migrations.misplaced(),
                      .readiness = dependencies_.readiness,
                      .status = [this] { return Status(); },
                      .drain = [this](absl::Duration spread) { return BeginDrain(spread); }},
                     observer_) {}

ControlPlane::~ControlPlane() { Stop(absl::ZeroDuration()); }

absl::Status ControlPlane::Start() {
  const auto settings = dependencies_.config.Get();
  const Config& config = *settings;
  for (const auto& warning : AccessWarnings(config)) dependencies_.logger.Warn(warning);
  auto server = ControlServer::Start(config.grpc_server, dependencies_.access.Credentials(),
                                     {&origin_service_, &stream_service_, &rebalance_service_,
                                      &session_service_, &event_service_, &proxy_service_},
                                     dependencies_.readiness, dependencies_.metrics);
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  grpc_port_ = server_->port();
  if (config.grpc_server.enabled) {
    dependencies_.dial_rules.AddListener("grpc_server", config.grpc_server.host, grpc_port_);
    dependencies_.logger.Info(
        "listening",
        {{"listener", "grpc_server"}, {"address", BoundAddress(config.grpc_server, grpc_port_)}});
  }
  if (!config.system_api.enabled) return absl::OkStatus();

  auto api = SystemApi::Start(config.system_api, {.config = dependencies_.config,
                                                  .metrics = dependencies_.metrics,
                                                  .readiness = dependencies_.readiness,
                                                  .refusals = refusals_,
                                                  .origins = origin_service_,
                                                  .version = dependencies_.version});
  if (!api.ok()) {
    Stop(absl::ZeroDuration());
    return api.status();
  }
  system_api_ = *std::move(api);
  system_api_port_ = system_api_->port();
  dependencies_.dial_rules.AddListener("system_api", config.system_api.host, system_api_port_);
  dependencies_.logger.Info(
      "listening",
      {{"listener", "system_api"}, {"address", BoundAddress(config.system_api, system_api_port_)}});
  return absl::OkStatus();
}

void ControlPlane::Stop(absl::Duration grace) {
  const auto deadline = dependencies_.clock.Now() + absl::ToChronoNanoseconds(grace);
  if (system_api_) system_api_->Stop(grace);
  system_api_.reset();
  event_service_.Stop();
  origin_service_.Stop();
  if (server_) {
    const auto left = absl::FromChrono(deadline - dependencies_.clock.Now());
    server_->Stop(std::max(left, absl::ZeroDuration()));
  }
  server_.reset();
  system_api_port_ = 0;
  grpc_port_ = 0;
}

bool ControlPlane::BeginDrain(absl::Duration spread) {
  if (!dependencies_.drain(spread)) return false;
  dependencies_.readiness.Block("draining", "an operator has drained this proxy: restart it");
  return true;
}

ProxyStatus ControlPlane::Status() const {
  auto status = dependencies_.proxy_status();
  const auto traffic = dependencies_.metrics.traffic();
  status.sessions_begun = static_cast<int64_t>(traffic.sessions_begun);
  status.bytes_in = traffic.bytes_in;
  status.bytes_out = traffic.bytes_out;
  const auto settings = dependencies_.config.Get();
  const Config& config = *settings;
  if (const uint16_t port = system_api_port_; port != 0) {
    status.listeners.push_back({"system_api", BoundAddress(config.system_api, port)});
  }
  if (const uint16_t port = grpc_port_; port != 0) {
    status.listeners.push_back({"grpc_server", BoundAddress(config.grpc_server, port)});
  }
  if (const auto expiry = dependencies_.access.certificate_expiry(); expiry.has_value()) {
    status.certificates.push_back({"grpc_tls_cert", *expiry});
  }
  return status;
}

}  // namespace srsproxy::control
