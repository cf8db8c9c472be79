// srsproxy.v1.SessionService: who is connected, and ending them.
#pragma once

#include <memory>
#include <string>

#include "controlplane/services/serve.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/session_control.h"
#include "srsproxy/v1/session_service.grpc.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class SessionService final : public v1::SessionService::CallbackService {
 public:
  SessionService(SessionControl& sessions, const LiveConfig& config, const CallObserver& observer)
      : sessions_(sessions), config_(config), observer_(observer) {}

  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest* request,
                                         v1::ListSessionsResponse* response) override;
  grpc::ServerUnaryReactor* KickSessions(grpc::CallbackServerContext* context,
                                         const v1::KickSessionsRequest* request,
                                         v1::KickSessionsResponse* response) override;

 private:
  void List(const v1::ListSessionsRequest& request, Done<v1::ListSessionsResponse> done);
  void Kick(const v1::KickSessionsRequest& request, const CallContext& call,
            Done<v1::KickSessionsResponse> done);
  absl::StatusOr<SessionFilter> FilterOf(const v1::SessionFilter& message) const;

  SessionControl& sessions_;
  const LiveConfig& config_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
