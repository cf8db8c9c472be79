// ControlServer: the gRPC server, its port and its settings.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <absl/time/time.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include "controlplane/grpc_listener.h"
#include "controlplane/services/readiness.h"
#include "controlplane/services/unknown_method_handler.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Serves the given services, grpc.health.v1.Health (SERVING while ready) and reflection; any other
// call is answered that it is unknown.
class ControlServer {
 public:
  // Begins to serve. A disabled address: nobody comes. The services and
  // `readiness` outlive the server, and `metrics`, and what `credentials` refers to. UNAVAILABLE
  // names PROXY_GRPC_SERVER and its address.
  static absl::StatusOr<std::unique_ptr<ControlServer>> Start(
      const ListenAddress& address, std::shared_ptr<grpc::ServerCredentials> credentials,
      const std::vector<grpc::Service*>& services, Readiness& readiness, Metrics& metrics);

  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();  // Cancels the calls that run.

  // 0 when no port is open.
  uint16_t port() const { return listener_ == nullptr ? 0 : listener_->port(); }

  // Refuses new calls, waits at most `grace` for those that run, then cancels them. Blocking.
  void Stop(absl::Duration grace);

 private:
  ControlServer(std::unique_ptr<UnknownMethodHandler> unknown_methods,
                std::unique_ptr<grpc::Server> server, std::unique_ptr<GrpcListener> listener,
                Readiness& readiness);

  const std::unique_ptr<UnknownMethodHandler> unknown_methods_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<GrpcListener> listener_;  // Null when no port is open.
  Readiness& readiness_;
};

}  // namespace srsproxy::control
