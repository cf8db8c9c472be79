#include "controlplane/services/origin_service.h"

#include <algorithm>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"
#include "controlplane/services/origin_lookup.h"
#include "controlplane/services/page.h"

namespace srsproxy::control {
namespace {

constexpr char kRegisterOrigin[] = "srsproxy.v1.OriginService/RegisterOrigin";
constexpr char kHeartbeat[] = "srsproxy.v1.OriginService/Heartbeat";

}  // namespace

grpc::ServerUnaryReactor* OriginService::RegisterOrigin(grpc::CallbackServerContext* context,
                                                        const v1::RegisterOriginRequest* request,
                                                        v1::RegisterOriginResponse* response) {
  return ServeAsync(observer_, kRegisterOrigin, context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      registrations_.Register(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* OriginService::Heartbeat(grpc::CallbackServerContext* context,
                                                   const v1::HeartbeatRequest* request,
                                                   v1::HeartbeatResponse* response) {
  return Serve(
      observer_, kHeartbeat, context, request, response,
      [this](const auto& wanted, const CallContext&) { return heartbeats_.Answer(wanted); });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* OriginService::HeartbeatStream(
    grpc::CallbackServerContext* context) {
  return heartbeat_streams_.Open(*context);
}

grpc::ServerUnaryReactor* OriginService::DeregisterOrigin(
    grpc::CallbackServerContext* context, const v1::DeregisterOriginRequest* request,
    v1::DeregisterOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/DeregisterOrigin", context, request,
                    response, [this](const auto& wanted, const CallContext& call, auto done) {
                      registrations_.Deregister(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* OriginService::GetOrigin(grpc::CallbackServerContext* context,
                                                   const v1::GetOriginRequest* request,
                                                   v1::GetOriginResponse* response) {
  return Serve(observer_, "srsproxy.v1.OriginService/GetOrigin", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Get(wanted); });
}

grpc::ServerUnaryReactor* OriginService::ListOrigins(grpc::CallbackServerContext* context,
                                                     const v1::ListOriginsRequest* request,
                                                     v1::ListOriginsResponse* response) {
  return Serve(observer_, "srsproxy.v1.OriginService/ListOrigins", context, request, response,
               [this](const auto& wanted, const CallContext&) { return List(wanted); });
}

grpc::ServerUnaryReactor* OriginService::UpdateOrigin(grpc::CallbackServerContext* context,
                                                      const v1::UpdateOriginRequest* request,
                                                      v1::UpdateOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/UpdateOrigin", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Update(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* OriginService::DrainOrigin(grpc::CallbackServerContext* context,
                                                     const v1::DrainOriginRequest* request,
                                                     v1::DrainOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/DrainOrigin", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Drain(wanted, call, std::move(done));
                    });
}

void OriginService::RegisterOverHttp(std::string caller, v1::RegisterOriginRequest request,
                                     Done<v1::RegisterOriginResponse> done) {
  ServeSystemApi(observer_, kRegisterOrigin, std::move(caller), std::move(request), std::move(done),
                 [this](const auto& wanted, const CallContext& call, auto registered) {
                   registrations_.Register(wanted, call, std::move(registered));
                 });
}

void OriginService::HeartbeatOverHttp(std::string caller, v1::HeartbeatRequest request,
                                      Done<v1::HeartbeatResponse> done) {
  ServeSystemApi(observer_, kHeartbeat, std::move(caller), std::move(request), std::move(done),
                 [this](const auto& wanted, const CallContext&, auto beaten) {
                   beaten(heartbeats_.Answer(wanted));
                 });
}

absl::StatusOr<v1::GetOriginResponse> OriginService::Get(const v1::GetOriginRequest& request) {
  v1::GetOriginResponse response;
  if (!request.origin().empty()) {
    if (!request.origin_id().empty()) return InvalidField("origin", "has origin_id beside it");
    const auto origin = FindRegistered(origins_, "origin", request.origin());
    if (!origin.ok()) return origin.status();
    *response.mutable_origin() = describer_.Describe(**origin);
    return response;
  }
  if (request.origin_id().empty()) return InvalidField("origin_id", "is needed, or origin");
  const auto origin = origins_.CurrentSnapshot()->Find(request.origin_id());
  if (origin == nullptr) return OriginNotFound(request.origin_id());
  *response.mutable_origin() = describer_.Describe(*origin);
  return response;
}

absl::StatusOr<v1::ListOriginsResponse> OriginService::List(const v1::ListOriginsRequest& request) {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();

  v1::ListOriginsResponse response;
  const auto snapshot = origins_.CurrentSnapshot();
  const auto& all = snapshot->origins;
  auto next = std::upper_bound(
      all.begin(), all.end(), page->after,
      [](const std::string& after, const auto& origin) { return after < origin->id; });
  for (; next != all.end() && response.origins_size() < static_cast<int>(page->size); ++next) {
    *response.add_origins() = describer_.Describe(**next);
  }
  if (next != all.end()) response.set_next_page_token(MakePageToken((*std::prev(next))->id));

  if (request.page_token().empty()) {
    for (const auto& refusal : refusals_.List()) {
      auto& message = *response.add_refusals();
      message.set_source(refusal.source);
      message.set_message(refusal.message);
      *message.mutable_last_time() = ToProto(refusal.last_time);
      message.set_count(refusal.count);
    }
    for (const auto& conflict : origins_.Conflicts()) {
      *response.add_conflicts() = ToProto(conflict);
    }
  }
  return response;
}

}  // namespace srsproxy::control
