#include "controlplane/origin_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/convert.h"
#include "controlplane/page.h"

namespace srsproxy::control {
namespace {

absl::Status OriginNotFound(const std::string& origin_id) {
  return CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_ORIGIN_NOT_FOUND,
                   "no origin '" + origin_id + "' is registered here; ListOrigins tells which are",
                   {{"origin_id", origin_id}});
}

// A status of the registry's about a lease.
absl::Status LeaseError(absl::Status status) {
  if (status.code() != absl::StatusCode::kNotFound) return status;
  return WithReason(std::move(status), v1::ERROR_REASON_LEASE_EXPIRED);
}

}  // namespace

grpc::ServerUnaryReactor* OriginService::RegisterOrigin(grpc::CallbackServerContext* context,
                                                        const v1::RegisterOriginRequest* request,
                                                        v1::RegisterOriginResponse* response) {
  return Serve(
      observer_, "srsproxy.v1.OriginService/RegisterOrigin", context, request, response,
      [this](const auto& wanted, const CallContext& call) { return Register(wanted, call); });
}

grpc::ServerUnaryReactor* OriginService::Heartbeat(grpc::CallbackServerContext* context,
                                                   const v1::HeartbeatRequest* request,
                                                   v1::HeartbeatResponse* response) {
  return Serve(observer_, "srsproxy.v1.OriginService/Heartbeat", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Beat(wanted); });
}

grpc::ServerUnaryReactor* OriginService::DeregisterOrigin(
    grpc::CallbackServerContext* context, const v1::DeregisterOriginRequest* request,
    v1::DeregisterOriginResponse* response) {
  return Serve(
      observer_, "srsproxy.v1.OriginService/DeregisterOrigin", context, request, response,
      [this](const auto& wanted, const CallContext& call) { return Deregister(wanted, call); });
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

absl::StatusOr<v1::RegisterOriginResponse> OriginService::Register(
    const v1::RegisterOriginRequest& request, const CallContext& call) {
  auto response = TryRegister(request, call);
  if (!response.ok() && !request.validate_only()) {
    observer_.metrics.CountHeartbeat(HeartbeatResult::kRejected);
    refusals_.Add(call.caller, MessageOf(response.status()));
  }
  return response;
}

absl::StatusOr<v1::RegisterOriginResponse> OriginService::TryRegister(
    const v1::RegisterOriginRequest& request, const CallContext& call) {
  auto registration = FromProto(request.registration());
  if (!registration.ok()) return registration.status();
  v1::RegisterOriginResponse response;
  if (request.validate_only()) return response;

  const auto lease = origins_.Register(*std::move(registration), call.caller);
  if (!lease.ok()) return lease.status();
  if (const auto origin = origins_.snapshot()->Find(lease->origin_id)) {
    *response.mutable_origin() = ToProto(*origin);
  }
  response.set_lease_id(lease->lease_id);
  *response.mutable_heartbeat_interval() = ToProto(lease->heartbeat_interval);
  *response.mutable_ttl() = ToProto(lease->ttl);
  response.mutable_superseded_origin_ids()->Assign(lease->superseded.begin(),
                                                   lease->superseded.end());
  return response;
}

absl::StatusOr<v1::HeartbeatResponse> OriginService::Beat(const v1::HeartbeatRequest& request) {
  auto response = TryBeat(request);
  auto result = HeartbeatResult::kAccepted;
  if (!response.ok()) {
    result = absl::IsNotFound(response.status()) ? HeartbeatResult::kUnknownLease
                                                 : HeartbeatResult::kRejected;
  }
  observer_.metrics.CountHeartbeat(result);
  return response;
}

absl::StatusOr<v1::HeartbeatResponse> OriginService::TryBeat(const v1::HeartbeatRequest& request) {
  if (request.lease_id().empty()) {
    return InvalidField("lease_id", "is needed; RegisterOrigin returns it");
  }
  const auto load = FromProto(request.load());
  if (!load.ok()) return load.status();
  const auto reply = origins_.Heartbeat(request.lease_id(), *load);
  if (!reply.ok()) return LeaseError(reply.status());
  v1::HeartbeatResponse response;
  *response.mutable_heartbeat_interval() = ToProto(reply->heartbeat_interval);
  *response.mutable_ttl() = ToProto(reply->ttl);
  return response;
}

absl::StatusOr<v1::DeregisterOriginResponse> OriginService::Deregister(
    const v1::DeregisterOriginRequest& request, const CallContext& call) {
  v1::DeregisterOriginResponse response;
  switch (request.target_case()) {
    case v1::DeregisterOriginRequest::kLeaseId: {
      auto origin_id = origins_.DeregisterLease(request.lease_id());
      if (!origin_id.ok()) return LeaseError(origin_id.status());
      response.set_origin_id(*std::move(origin_id));
      break;
    }
    case v1::DeregisterOriginRequest::kOriginId: {
      const auto status = origins_.DeregisterOrigin(request.origin_id());
      if (absl::IsNotFound(status)) return OriginNotFound(request.origin_id());
      if (absl::IsFailedPrecondition(status)) {
        return WithReason(status, v1::ERROR_REASON_ORIGIN_PERMANENT,
                          {{"origin_id", request.origin_id()}});
      }
      if (!status.ok()) return status;
      response.set_origin_id(request.origin_id());
      break;
    }
    case v1::DeregisterOriginRequest::TARGET_NOT_SET:
      return InvalidField("target", "is needed: a lease_id or an origin_id");
  }
  observer_.logger.Info("origin deregistered",
                        {{"origin", response.origin_id()}, {"caller", call.caller}});
  return response;
}

absl::StatusOr<v1::GetOriginResponse> OriginService::Get(
    const v1::GetOriginRequest& request) const {
  if (request.origin_id().empty()) return InvalidField("origin_id", "is needed");
  const auto origin = origins_.snapshot()->Find(request.origin_id());
  if (origin == nullptr) return OriginNotFound(request.origin_id());
  v1::GetOriginResponse response;
  *response.mutable_origin() = ToProto(*origin);
  return response;
}

absl::StatusOr<v1::ListOriginsResponse> OriginService::List(
    const v1::ListOriginsRequest& request) const {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();

  v1::ListOriginsResponse response;
  const auto snapshot = origins_.snapshot();
  const auto& all = snapshot->origins;
  auto next = std::upper_bound(
      all.begin(), all.end(), page->after,
      [](const std::string& after, const auto& origin) { return after < origin->id; });
  for (; next != all.end() && response.origins_size() < static_cast<int>(page->size); ++next) {
    *response.add_origins() = ToProto(**next);
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
