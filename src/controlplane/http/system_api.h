// The HTTP port for SRS origins and for monitoring. What changes anything is translated into calls
// of OriginService.
//
//   POST /api/v1/srs/register   RegisterOrigin, then Heartbeat -> {"code":0,"pid":"<this pid>"}
//   GET  /api/v1/versions       {"signature":"srsproxy","version":"<version>"}
//   GET  /metrics               Prometheus text
//   GET  /healthz, /livez       200 while the process answers
//   GET  /readyz                200, or 503 when not ready:
//                               {"ready":…,"degraded":…,"reasons":["…"]}
//
// Callers outside of PROXY_SYSTEM_API_ALLOW get 403 for all but the last three. Registering needs
// the bearer token where PROXY_HTTP_API_AUTH_ENABLED is on; else 401.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <absl/time/time.h>

#include "controlplane/access/refusal_log.h"
#include "controlplane/http/http_server.h"
#include "controlplane/services/origin_service.h"
#include "controlplane/services/readiness.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

class SystemApi {
 public:
  // The referred objects outlive the System API.
  struct Dependencies {
    const LiveConfig& config;
    Metrics& metrics;
    const Readiness& readiness;
    RefusalLog& refusals;
    OriginService& origins;
    std::string version;
  };

  // Begins to serve. `address` must be enabled; errors name PROXY_SYSTEM_API and it.
  static absl::StatusOr<std::unique_ptr<SystemApi>> Start(const ListenAddress& address,
                                                          Dependencies dependencies);

  uint16_t port() const { return server_->port(); }

  // See HttpServer::Stop. Before the gRPC server's.
  void Stop(absl::Duration grace) { server_->Stop(grace); }

 private:
  explicit SystemApi(Dependencies dependencies);

  net::Task<http::Response> Answer(HttpRequest request);
  net::Task<http::Response> Register(HttpRequest request);
  // Both: the answer to a caller that may not do this; nullopt: it may.
  std::optional<http::Response> CheckNetwork(const HttpRequest& request) const;
  std::optional<http::Response> CheckToken(const HttpRequest& request) const;
  http::Response Versions() const;
  http::Response MetricsText() const;
  http::Response Healthy() const;
  http::Response Ready() const;

  const Dependencies dependencies_;
  std::unique_ptr<HttpServer> server_;  // Last: its thread uses the others.
};

}  // namespace srsproxy::control
