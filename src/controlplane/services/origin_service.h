// srsproxy.v1.OriginService over the origin registry.
#pragma once

#include <string>

#include "controlplane/access/call_context.h"
#include "controlplane/access/refusal_log.h"
#include "controlplane/services/heartbeat_streams.h"
#include "controlplane/services/heartbeats.h"
#include "controlplane/services/origin_changes.h"
#include "controlplane/services/origin_describer.h"
#include "controlplane/services/origin_registrations.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/migration_controller.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/name_lookup.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::control {

// All by messages but HeartbeatStream, which reads bytes.
using OriginServiceBase = v1::OriginService::WithRawCallbackMethod_HeartbeatStream<
    v1::OriginService::WithCallbackMethod_RegisterOrigin<
        v1::OriginService::WithCallbackMethod_Heartbeat<
            v1::OriginService::WithCallbackMethod_DeregisterOrigin<
                v1::OriginService::WithCallbackMethod_GetOrigin<
                    v1::OriginService::WithCallbackMethod_ListOrigins<
                        v1::OriginService::WithCallbackMethod_UpdateOrigin<
                            v1::OriginService::WithCallbackMethod_DrainOrigin<
                                v1::OriginService::Service>>>>>>>>;

// What OriginService answers from and changes. The referred objects outlive it.
struct OriginSources {
  OriginRegistry& origins;
  const StreamView& streams;
  const MigrationController& migrations;
  SessionControl& sessions;
  const LiveConfig& config;
  const net::DialRules& dial_rules;
  net::NameLookup& names;
  RefusalLog& refusals;
};

// Thread-safe. `observer` outlives it.
class OriginService final : public OriginServiceBase {
 public:
  OriginService(const OriginSources& sources, const CallObserver& observer)
      : origins_(sources.origins),
        refusals_(sources.refusals),
        observer_(observer),
        describer_(sources.streams, sources.migrations),
        heartbeats_(origins_, observer.metrics),
        heartbeat_streams_(heartbeats_, origins_, observer),
        registrations_({.origins = origins_,
                        .sessions = sources.sessions,
                        .config = sources.config,
                        .dial_rules = sources.dial_rules,
                        .names = sources.names,
                        .refusals = refusals_,
                        .heartbeats = heartbeats_,
                        .describer = describer_,
                        .observer = observer}),
        changes_(origins_, describer_, observer) {}

  // Ends every stream with UNAVAILABLE and refuses new ones. Call it before the gRPC server's
  // Shutdown, which waits for what runs.
  void Stop() { heartbeat_streams_.Stop(); }

  grpc::ServerUnaryReactor* RegisterOrigin(grpc::CallbackServerContext* context,
                                           const v1::RegisterOriginRequest* request,
                                           v1::RegisterOriginResponse* response) override;
  grpc::ServerUnaryReactor* Heartbeat(grpc::CallbackServerContext* context,
                                      const v1::HeartbeatRequest* request,
                                      v1::HeartbeatResponse* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* HeartbeatStream(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* DeregisterOrigin(grpc::CallbackServerContext* context,
                                             const v1::DeregisterOriginRequest* request,
                                             v1::DeregisterOriginResponse* response) override;
  grpc::ServerUnaryReactor* GetOrigin(grpc::CallbackServerContext* context,
                                      const v1::GetOriginRequest* request,
                                      v1::GetOriginResponse* response) override;
  grpc::ServerUnaryReactor* ListOrigins(grpc::CallbackServerContext* context,
                                        const v1::ListOriginsRequest* request,
                                        v1::ListOriginsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateOrigin(grpc::CallbackServerContext* context,
                                         const v1::UpdateOriginRequest* request,
                                         v1::UpdateOriginResponse* response) override;
  grpc::ServerUnaryReactor* DrainOrigin(grpc::CallbackServerContext* context,
                                        const v1::DrainOriginRequest* request,
                                        v1::DrainOriginResponse* response) override;

  // What an origin does over the System API, whose HTTP client is `caller`; `done` gets what a
  // client of gRPC would, once, on any thread.
  void RegisterOverHttp(std::string caller, v1::RegisterOriginRequest request,
                        Done<v1::RegisterOriginResponse> done);
  void HeartbeatOverHttp(std::string caller, v1::HeartbeatRequest request,
                         Done<v1::HeartbeatResponse> done);

 private:
  absl::StatusOr<v1::GetOriginResponse> Get(const v1::GetOriginRequest& request);
  absl::StatusOr<v1::ListOriginsResponse> List(const v1::ListOriginsRequest& request);

  OriginRegistry& origins_;
  RefusalLog& refusals_;
  const CallObserver& observer_;
  const OriginDescriber describer_;
  Heartbeats heartbeats_;
  HeartbeatStreams heartbeat_streams_;
  OriginRegistrations registrations_;
  OriginChanges changes_;
};

}  // namespace srsproxy::control
