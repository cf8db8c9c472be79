#include "controlplane/heartbeats.h"

#include <string>

#include "controlplane/call_status.h"
#include "controlplane/convert.h"

namespace srsproxy::control {
namespace {

v1::HeartbeatResponse ResponseTo(const HeartbeatReply& reply) {
  v1::HeartbeatResponse response;
  *response.mutable_heartbeat_interval() = ToProto(reply.heartbeat_interval);
  *response.mutable_ttl() = ToProto(reply.ttl);
  response.set_ignored(reply.ignored);
  if (reply.admin_state == AdminState::kDraining) {
    auto& drain = *response.add_directives();
    drain.set_kind(v1::DIRECTIVE_KIND_DRAIN);
    drain.set_message("an operator drains this server");
  }
  return response;
}

HeartbeatResult ResultOf(const absl::Status& status) {
  if (status.ok()) return HeartbeatResult::kAccepted;
  return absl::IsNotFound(status) ? HeartbeatResult::kUnknownLease : HeartbeatResult::kRejected;
}

}  // namespace

absl::StatusOr<v1::HeartbeatResponse> Heartbeats::Answer(const v1::HeartbeatRequest& request) {
  const auto reply = Beat(request);
  if (absl::IsNotFound(reply.status())) return LeaseExpired(reply.status());
  if (!reply.ok()) return reply.status();
  return ResponseTo(*reply);
}

absl::StatusOr<v1::HeartbeatStreamResponse> Heartbeats::Answer(
    const v1::HeartbeatStreamRequest& request) {
  if (!request.has_heartbeat()) return InvalidField("heartbeat", "is needed");
  v1::HeartbeatStreamResponse response;
  response.set_sequence(request.heartbeat().sequence());
  const auto reply = Beat(request.heartbeat());
  if (reply.ok()) {
    response.set_origin_id(reply->origin_id);
    *response.mutable_heartbeat() = ResponseTo(*reply);
    return response;
  }
  if (!absl::IsNotFound(reply.status())) return reply.status();
  auto& heartbeat = *response.mutable_heartbeat();
  *heartbeat.mutable_heartbeat_interval() = ToProto(origins_.default_interval());
  *heartbeat.mutable_ttl() = ToProto(origins_.ttl());
  auto& again = *heartbeat.add_directives();
  again.set_kind(v1::DIRECTIVE_KIND_REREGISTER);
  *again.mutable_delay() = ToProto(RetryDelay());
  again.set_message(std::string(MessageOf(reply.status())));
  return response;
}

absl::Status Heartbeats::LeaseExpired(const absl::Status& why) {
  const auto delay_ms = std::to_string(absl::ToInt64Milliseconds(RetryDelay()));
  return WithReason(why, v1::ERROR_REASON_LEASE_EXPIRED, {{"retry_delay_ms", delay_ms}});
}

absl::StatusOr<HeartbeatReply> Heartbeats::Beat(const v1::HeartbeatRequest& request) {
  auto reply = [&]() -> absl::StatusOr<HeartbeatReply> {
    if (request.lease_id().empty()) {
      return InvalidField("lease_id", "is needed; RegisterOrigin returns it");
    }
    const auto load = FromProto(request.load());
    if (!load.ok()) return load.status();
    return origins_.Heartbeat(request.lease_id(), {.load = *load, .sequence = request.sequence()});
  }();
  metrics_.CountHeartbeat(ResultOf(reply.status()));
  return reply;
}

absl::Duration Heartbeats::RetryDelay() {
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> part(0, 1);
  return absl::Trunc(origins_.default_interval() * part(random_), absl::Milliseconds(1));
}

}  // namespace srsproxy::control
