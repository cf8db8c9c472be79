#include "controlplane/services/origin_convert.h"

#include <optional>
#include <string>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/enum_convert.h"
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

absl::StatusOr<std::optional<double>> Ratio(std::string_view field, bool present, double value) {
  if (!present) return std::nullopt;
  if (!(value >= 0 && value <= 1)) return InvalidField(field, "must be from 0 to 1");
  return value;
}

absl::StatusOr<std::optional<int64_t>> Count(std::string_view field, bool present, int64_t value) {
  if (!present) return std::nullopt;
  if (value < 0) return InvalidField(field, "must not be negative");
  return value;
}

// Absent when the origin reported nothing.
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
  message.set_health(EnumToProto(origin.health));
  message.set_admin_state(EnumToProto(origin.admin_state));
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

}  // namespace srsproxy::control
