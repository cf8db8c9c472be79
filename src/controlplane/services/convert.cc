#include "controlplane/services/convert.h"

#include <optional>
#include <string>

#include <google/protobuf/util/time_util.h>

#include "controlplane/call_status.h"
#include "controlplane/services/origin_settings.h"

namespace srsproxy::control {
namespace {

using Endpoints = google::protobuf::RepeatedPtrField<std::string>;

absl::StatusOr<std::vector<Endpoint>> ParseEndpoints(std::string_view field, const Endpoints& texts,
                                                     Transport default_transport) {
  std::vector<Endpoint> endpoints;
  for (int i = 0; i < texts.size(); ++i) {
    auto endpoint = ParseEndpoint(texts[i], default_transport);
    if (!endpoint.ok()) {
      return InvalidField(std::string(field) + "[" + std::to_string(i) + "]",
                          MessageOf(endpoint.status()));
    }
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

void FormatEndpoints(const std::vector<Endpoint>& endpoints, Endpoints& texts) {
  for (const auto& endpoint : endpoints) *texts.Add() = FormatEndpoint(endpoint);
}

absl::StatusOr<std::optional<double>> Ratio(std::string_view field, bool told, double value) {
  if (!told) return std::nullopt;
  if (!(value >= 0 && value <= 1)) return InvalidField(field, "must be from 0 to 1");
  return value;
}

absl::StatusOr<std::optional<int64_t>> Count(std::string_view field, bool told, int64_t value) {
  if (!told) return std::nullopt;
  if (value < 0) return InvalidField(field, "must not be negative");
  return value;
}

v1::OriginHealth ToProto(OriginHealth health) {
  switch (health) {
    case OriginHealth::kHealthy:
      return v1::ORIGIN_HEALTH_HEALTHY;
    case OriginHealth::kSuspect:
      return v1::ORIGIN_HEALTH_SUSPECT;
    case OriginHealth::kDead:
      return v1::ORIGIN_HEALTH_DEAD;
    case OriginHealth::kLeaving:
      return v1::ORIGIN_HEALTH_LEAVING;
  }
  return v1::ORIGIN_HEALTH_UNSPECIFIED;
}

v1::Protocol ToProto(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRtmp:
      return v1::PROTOCOL_RTMP;
    case Protocol::kHttpFlv:
      return v1::PROTOCOL_HTTP_FLV;
    case Protocol::kHls:
      return v1::PROTOCOL_HLS;
    case Protocol::kWebRtc:
      return v1::PROTOCOL_WEBRTC;
    case Protocol::kSrt:
      return v1::PROTOCOL_SRT;
  }
  return v1::PROTOCOL_UNSPECIFIED;
}

v1::Role ToProto(Role role) {
  return role == Role::kPublisher ? v1::ROLE_PUBLISHER : v1::ROLE_VIEWER;
}

v1::PickReason ToProto(PickReason reason) {
  switch (reason) {
    case PickReason::kMapped:
      return v1::PICK_REASON_MAPPED;
    case PickReason::kMappedByVhost:
      return v1::PICK_REASON_MAPPED_BY_VHOST;
    case PickReason::kClaimed:
      return v1::PICK_REASON_CLAIMED;
    case PickReason::kLostRace:
      return v1::PICK_REASON_LOST_RACE;
    case PickReason::kPinned:
      return v1::PICK_REASON_PINNED;
  }
  return v1::PICK_REASON_UNSPECIFIED;
}

// Absent when the origin told nothing.
std::optional<v1::LoadReport> ToProto(const LoadReport& load) {
  v1::LoadReport message;
  if (load.cpu_ratio) message.set_cpu_ratio(*load.cpu_ratio);
  if (load.memory_ratio) message.set_memory_ratio(*load.memory_ratio);
  if (load.connections) message.set_connections(*load.connections);
  if (load.streams) message.set_streams(*load.streams);
  if (load.bits_per_second) message.set_bits_per_second(*load.bits_per_second);
  if (message.ByteSizeLong() == 0) return std::nullopt;
  return message;
}

}  // namespace

absl::StatusOr<OriginRegistration> FromProto(const v1::OriginRegistration& message) {
  OriginRegistration registration;
  registration.ip = message.ip();
  registration.device_id = message.device_id();
  registration.server = message.server();
  registration.service = message.service();
  registration.pid = message.pid();

  struct List {
    std::string_view field;
    const Endpoints& texts;
    Transport default_transport;
    std::vector<Endpoint>& endpoints;
  };
  const List lists[] = {
      {"rtmp", message.rtmp(), Transport::kTcp, registration.rtmp},
      {"http", message.http(), Transport::kTcp, registration.http},
      {"api", message.api(), Transport::kTcp, registration.api},
      {"srt", message.srt(), Transport::kUdp, registration.srt},
      {"rtc", message.rtc(), Transport::kUdp, registration.rtc},
  };
  for (const auto& list : lists) {
    auto endpoints = ParseEndpoints(list.field, list.texts, list.default_transport);
    if (!endpoints.ok()) return endpoints.status();
    list.endpoints = *std::move(endpoints);
  }

  if (message.has_weight()) registration.weight = message.weight();
  registration.zone = message.zone();
  registration.labels = {message.labels().begin(), message.labels().end()};
  registration.capacity = message.capacity();
  if (message.has_heartbeat_interval()) {
    const auto interval = FromProto("heartbeat_interval", message.heartbeat_interval());
    if (!interval.ok()) return interval.status();
    registration.heartbeat_interval = *interval;
  }

  return registration;
}

absl::StatusOr<LoadReport> FromProto(const v1::LoadReport& message) {
  const auto cpu = Ratio("load.cpu_ratio", message.has_cpu_ratio(), message.cpu_ratio());
  if (!cpu.ok()) return cpu.status();
  const auto memory =
      Ratio("load.memory_ratio", message.has_memory_ratio(), message.memory_ratio());
  if (!memory.ok()) return memory.status();
  const auto connections =
      Count("load.connections", message.has_connections(), message.connections());
  if (!connections.ok()) return connections.status();
  const auto streams = Count("load.streams", message.has_streams(), message.streams());
  if (!streams.ok()) return streams.status();
  const auto bits =
      Count("load.bits_per_second", message.has_bits_per_second(), message.bits_per_second());
  if (!bits.ok()) return bits.status();
  return LoadReport{.cpu_ratio = *cpu,
                    .memory_ratio = *memory,
                    .connections = *connections,
                    .streams = *streams,
                    .bits_per_second = *bits};
}

absl::StatusOr<Protocol> FromProto(v1::Protocol protocol) {
  switch (protocol) {
    case v1::PROTOCOL_UNSPECIFIED:
    case v1::PROTOCOL_RTMP:
      return Protocol::kRtmp;
    case v1::PROTOCOL_HTTP_FLV:
      return Protocol::kHttpFlv;
    case v1::PROTOCOL_HLS:
      return Protocol::kHls;
    case v1::PROTOCOL_WEBRTC:
      return Protocol::kWebRtc;
    case v1::PROTOCOL_SRT:
      return Protocol::kSrt;
    default:
      return InvalidField("protocol", "is no known protocol");
  }
}

absl::StatusOr<Role> FromProto(v1::Role role) {
  switch (role) {
    case v1::ROLE_UNSPECIFIED:
    case v1::ROLE_VIEWER:
      return Role::kViewer;
    case v1::ROLE_PUBLISHER:
      return Role::kPublisher;
    default:
      return InvalidField("role", "is no known role");
  }
}

v1::OriginRegistration ToProto(const OriginRegistration& registration) {
  v1::OriginRegistration message;
  message.set_ip(registration.ip);
  message.set_device_id(registration.device_id);
  message.set_server(registration.server);
  message.set_service(registration.service);
  message.set_pid(registration.pid);
  FormatEndpoints(registration.rtmp, *message.mutable_rtmp());
  FormatEndpoints(registration.http, *message.mutable_http());
  FormatEndpoints(registration.api, *message.mutable_api());
  FormatEndpoints(registration.srt, *message.mutable_srt());
  FormatEndpoints(registration.rtc, *message.mutable_rtc());
  message.set_weight(registration.weight);
  message.set_zone(registration.zone);
  message.mutable_labels()->insert(registration.labels.begin(), registration.labels.end());
  message.set_capacity(registration.capacity);
  if (registration.heartbeat_interval) {
    *message.mutable_heartbeat_interval() = ToProto(*registration.heartbeat_interval);
  }
  return message;
}

v1::Origin ToProto(const Origin& origin) {
  v1::Origin message;
  message.set_id(origin.id);
  message.set_generation(origin.generation);
  *message.mutable_registration() = ToProto(origin.registration);
  message.set_health(ToProto(origin.health));
  message.set_admin_state(ToProto(origin.admin_state));
  message.set_down(origin.down);
  message.set_permanent(origin.permanent);
  message.set_weight(origin.weight);
  if (auto load = ToProto(origin.load)) *message.mutable_load() = *std::move(load);
  *message.mutable_register_time() = ToProto(origin.registered_at);
  if (origin.heartbeat_at != absl::InfinitePast()) {
    *message.mutable_heartbeat_time() = ToProto(origin.heartbeat_at);
  }
  message.set_source(origin.source);
  if (auto settings = ToProto(origin.overrides); settings.ByteSizeLong() > 0) {
    *message.mutable_settings() = std::move(settings);
  }
  message.set_zone(origin.zone);
  message.mutable_labels()->insert(origin.labels.begin(), origin.labels.end());
  message.set_capacity(origin.capacity);
  return message;
}

v1::OriginConflict ToProto(const OriginConflict& conflict) {
  v1::OriginConflict message;
  message.set_server(conflict.server);
  message.mutable_origin_ids()->Assign(conflict.origin_ids.begin(), conflict.origin_ids.end());
  message.set_message(conflict.message);
  message.set_takeovers(static_cast<int64_t>(conflict.takeovers));
  return message;
}

v1::Pin ToProto(const StreamPin& pin) {
  v1::Pin message;
  message.set_key(pin.key.ToString());
  message.set_server(pin.server);
  return message;
}

v1::Stream ToProto(const StreamMapping& mapping) {
  v1::Stream message;
  message.set_key(mapping.key.ToString());
  message.set_origin_id(mapping.origin_id);
  message.set_version(mapping.version);
  message.set_provisional(mapping.provisional);
  message.set_publisher_live(mapping.publisher_live);
  message.set_publishers(mapping.publishers);
  message.set_viewers(mapping.viewers);
  *message.mutable_claim_time() = ToProto(mapping.claimed_at);
  if (mapping.pending.has_value()) {
    auto& pending = *message.mutable_pending_move();
    pending.set_origin_id(mapping.pending->origin_id);
    if (mapping.pending->deadline != absl::InfiniteFuture()) {
      *pending.mutable_deadline_time() = ToProto(mapping.pending->deadline);
    }
  }
  return message;
}

v1::Session ToProto(const SessionInfo& session) {
  v1::Session message;
  message.set_id(session.id);
  message.set_protocol(ToProto(session.protocol));
  message.set_role(ToProto(session.role));
  message.set_stream(session.key.ToString());
  message.set_origin_id(session.origin_id);
  message.set_client(session.client);
  *message.mutable_start_time() = ToProto(session.started_at);
  message.set_bytes_in(session.bytes_in);
  message.set_bytes_out(session.bytes_out);
  message.set_media_flows(session.media_flows);
  return message;
}

v1::PickExplanation ToProto(const PickExplanation& explanation) {
  v1::PickExplanation message;
  message.set_origin_id(explanation.origin_id);
  if (!explanation.origin_id.empty()) message.set_reason(ToProto(explanation.reason));
  message.mutable_steps()->Assign(explanation.steps.begin(), explanation.steps.end());
  return message;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

absl::StatusOr<absl::Duration> FromProto(std::string_view field,
                                         const google::protobuf::Duration& duration) {
  using google::protobuf::util::TimeUtil;
  constexpr int32_t kMaxNanos = 999'999'999;
  if (duration.seconds() < 0 || duration.nanos() < 0) {
    return InvalidField(field, "must not be negative");
  }
  if (duration.seconds() > TimeUtil::kDurationMaxSeconds || duration.nanos() > kMaxNanos) {
    return InvalidField(field, "is no valid duration");
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::StatusOr<absl::Duration> DeadlineFromProto(const google::protobuf::Duration& deadline) {
  constexpr absl::Duration kMax = absl::Hours(24 * 365);
  auto duration = FromProto("deadline", deadline);
  if (duration.ok() && *duration > kMax) return InvalidField("deadline", "must not be above 8760h");
  return duration;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  return google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(duration));
}

}  // namespace srsproxy::control
