#include "controlplane/services/heartbeats.h"

#include <string>
#include <vector>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"

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

}  // namespace

absl::StatusOr<v1::HeartbeatResponse> Heartbeats::Answer(const v1::HeartbeatRequest& request) {
  const auto heartbeat = Read(request);
  if (!heartbeat.ok()) return heartbeat.status();
  const auto reply = Beat(request.lease_id(), *heartbeat);
  if (absl::IsNotFound(reply.status())) return LeaseExpired(reply.status());
  if (!reply.ok()) return reply.status();
  return ResponseTo(*reply);
}

absl::StatusOr<v1::HeartbeatStreamResponse> Heartbeats::Answer(
    const v1::HeartbeatStreamRequest& request) {
  if (request.heartbeats_size() > 0) return AnswerAll(request);
  if (!request.has_heartbeat()) return InvalidField("heartbeat", "is needed");
  const auto heartbeat = Read(request.heartbeat());
  if (!heartbeat.ok()) return heartbeat.status();
  v1::HeartbeatStreamResponse response;
  AnswerOnStream(request.heartbeat().lease_id(), *heartbeat, response);
  return response;
}

absl::StatusOr<v1::HeartbeatStreamResponse> Heartbeats::AnswerAll(
    const v1::HeartbeatStreamRequest& request) {
  if (request.has_heartbeat()) return InvalidField("heartbeat", "does not go with `heartbeats`");
  if (request.heartbeats_size() > kMaxHeartbeatsAtOnce) {
    return InvalidField("heartbeats", absl::StrCat("are more than ", kMaxHeartbeatsAtOnce));
  }
  std::vector<OriginHeartbeat> all;
  for (const auto& message : request.heartbeats()) {
    const auto heartbeat = Read(message);
    if (!heartbeat.ok()) {
      return InvalidField(absl::StrCat("heartbeats[", all.size(), "]"),
                          MessageOf(heartbeat.status()));
    }
    all.push_back(*heartbeat);
  }
  v1::HeartbeatStreamResponse response;
  for (size_t i = 0; i < all.size(); ++i) {
    AnswerOnStream(request.heartbeats(static_cast<int>(i)).lease_id(), all[i],
                   *response.add_answers());
  }
  return response;
}

void Heartbeats::AnswerOnStream(const std::string& lease_id, const OriginHeartbeat& heartbeat,
                                auto& entry) {
  entry.set_sequence(heartbeat.sequence);
  const auto reply = Beat(lease_id, heartbeat);
  if (reply.ok()) {
    entry.set_origin_id(reply->origin_id);
    *entry.mutable_heartbeat() = ResponseTo(*reply);
    return;
  }
  auto& response = *entry.mutable_heartbeat();
  *response.mutable_heartbeat_interval() = ToProto(origins_.default_interval());
  *response.mutable_ttl() = ToProto(origins_.ttl());
  auto& again = *response.add_directives();
  again.set_kind(v1::DIRECTIVE_KIND_REREGISTER);
  *again.mutable_delay() = ToProto(RetryDelay());
  again.set_message(std::string(MessageOf(reply.status())));
}

absl::Status Heartbeats::LeaseExpired(const absl::Status& why) {
  const auto delay_ms = std::to_string(absl::ToInt64Milliseconds(RetryDelay()));
  return WithReason(why, v1::ERROR_REASON_LEASE_EXPIRED, {{"retry_delay_ms", delay_ms}});
}

absl::StatusOr<OriginHeartbeat> Heartbeats::Read(const v1::HeartbeatRequest& request) {
  auto heartbeat = [&request]() -> absl::StatusOr<OriginHeartbeat> {
    if (request.lease_id().empty()) {
      return InvalidField("lease_id", "is needed; RegisterOrigin returns it");
    }
    const auto load = FromProto(request.load());
    if (!load.ok()) return load.status();
    return OriginHeartbeat{.load = *load, .sequence = request.sequence()};
  }();
  if (!heartbeat.ok()) metrics_.heartbeats.Increment(HeartbeatResult::kRejected);
  return heartbeat;
}

absl::StatusOr<HeartbeatReply> Heartbeats::Beat(const std::string& lease_id,
                                                const OriginHeartbeat& heartbeat) {
  auto reply = origins_.Heartbeat(lease_id, heartbeat);
  metrics_.heartbeats.Increment(reply.ok() ? HeartbeatResult::kAccepted
                                           : HeartbeatResult::kUnknownLease);
  return reply;
}

absl::Duration Heartbeats::RetryDelay() {
  const std::lock_guard lock(mutex_);
  std::uniform_real_distribution<double> part(0, 1);
  return absl::Trunc(origins_.default_interval() * part(random_), absl::Milliseconds(1));
}

}  // namespace srsproxy::control
