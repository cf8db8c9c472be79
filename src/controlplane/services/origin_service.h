// srsproxy.v1.OriginService over the origin registry.
#pragma once

#include <string>
#include <vector>

#include <absl/functional/any_invocable.h>

#include "controlplane/access/call_context.h"
#include "controlplane/access/refusal_log.h"
#include "controlplane/services/heartbeat_streams.h"
#include "controlplane/services/heartbeats.h"
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
        streams_(sources.streams),
        migrations_(sources.migrations),
        sessions_(sources.sessions),
        config_(sources.config),
        dial_rules_(sources.dial_rules),
        names_(sources.names),
        refusals_(sources.refusals),
        observer_(observer),
        heartbeats_(origins_, observer.metrics),
        heartbeat_streams_(heartbeats_, origins_, observer) {}

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

 private:
  // `ip_leads_to`: where the origin's ip leads to when that is a name; empty: nobody says so.
  using Addresses = std::vector<boost::asio::ip::address>;
  void LookUpIp(const v1::RegisterOriginRequest& request, net::NameLookup::Done done);
  absl::StatusOr<v1::RegisterOriginResponse> Register(const v1::RegisterOriginRequest& request,
                                                      const CallContext& call,
                                                      const Addresses& ip_leads_to);
  absl::StatusOr<v1::RegisterOriginResponse> TryRegister(const v1::RegisterOriginRequest& request,
                                                         const CallContext& call,
                                                         const Addresses& ip_leads_to);
  using DeregisterDone =
      absl::AnyInvocable<void(absl::StatusOr<v1::DeregisterOriginResponse> response)>;
  void Deregister(const v1::DeregisterOriginRequest& request, const CallContext& call,
                  DeregisterDone done);
  absl::StatusOr<OriginDeparture> TryDeregister(const v1::DeregisterOriginRequest& request);
  absl::StatusOr<v1::GetOriginResponse> Get(const v1::GetOriginRequest& request);
  absl::StatusOr<v1::ListOriginsResponse> List(const v1::ListOriginsRequest& request);
  // Answered once, on any thread.
  template <typename Answer>
  using Done = absl::AnyInvocable<void(absl::StatusOr<Answer>)>;
  void Update(const v1::UpdateOriginRequest& request, const CallContext& call,
              Done<v1::UpdateOriginResponse> done);
  void Drain(const v1::DrainOriginRequest& request, const CallContext& call,
             Done<v1::DrainOriginResponse> done);
  // What is in force for `server` after `change`, or would be.
  void ChangeOverrides(const std::string& server, OverridesChange change, bool validate_only,
                       const CallContext& call, Done<OriginOverrides> done);
  v1::Origin Describe(const Origin& origin) const;
  v1::DrainProgress ProgressOf(const std::string& server, const OriginDrain& drain) const;

  OriginRegistry& origins_;
  const StreamView& streams_;
  const MigrationController& migrations_;
  SessionControl& sessions_;
  const LiveConfig& config_;
  const net::DialRules& dial_rules_;
  net::NameLookup& names_;
  RefusalLog& refusals_;
  const CallObserver& observer_;
  Heartbeats heartbeats_;
  HeartbeatStreams heartbeat_streams_;
};

}  // namespace srsproxy::control
