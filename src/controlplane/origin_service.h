// srsproxy.v1.OriginService over the origin registry.
#pragma once

#include "controlplane/call_context.h"
#include "controlplane/refusal_log.h"
#include "controlplane/serve.h"
#include "dataplane/balance/origin_registry.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class OriginService final : public v1::OriginService::CallbackService {
 public:
  OriginService(OriginRegistry& origins, RefusalLog& refusals, const CallObserver& observer)
      : origins_(origins), refusals_(refusals), observer_(observer) {}

  grpc::ServerUnaryReactor* RegisterOrigin(grpc::CallbackServerContext* context,
                                           const v1::RegisterOriginRequest* request,
                                           v1::RegisterOriginResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerUnaryReactor* DeregisterOrigin(grpc::CallbackServerContext* context,
                                             const v1::DeregisterOriginRequest* request,
                                             v1::DeregisterOriginResponse* response) override;
  grpc::ServerUnaryReactor* GetOrigin(grpc::CallbackServerContext* context,
                                      const v1::GetOriginRequest* request,
                                      v1::GetOriginResponse* response) override;
  grpc::ServerUnaryReactor* ListOrigins(grpc::CallbackServerContext* context,
                                        const v1::ListOriginsRequest* request,
                                        v1::ListOriginsResponse* response) override;

 private:
  absl::StatusOr<v1::RegisterOriginResponse> Register(const v1::RegisterOriginRequest& request,
                                                      const CallContext& call);
  absl::StatusOr<v1::RegisterOriginResponse> TryRegister(const v1::RegisterOriginRequest& request,
                                                         const CallContext& call);
  absl::StatusOr<v1::HeartbeatResponse> Beat(const v1::HeartbeatRequest& request);
  absl::StatusOr<v1::HeartbeatResponse> TryBeat(const v1::HeartbeatRequest& request);
  absl::StatusOr<v1::DeregisterOriginResponse> Deregister(
      const v1::DeregisterOriginRequest& request, const CallContext& call);
  absl::StatusOr<v1::GetOriginResponse> Get(const v1::GetOriginRequest& request) const;
  absl::StatusOr<v1::ListOriginsResponse> List(const v1::ListOriginsRequest& request) const;

  OriginRegistry& origins_;
  RefusalLog& refusals_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
