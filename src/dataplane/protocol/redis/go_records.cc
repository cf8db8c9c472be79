#include "dataplane/protocol/redis/go_records.h"

#include <absl/strings/str_cat.h>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/invalid_field.h"
#include "dataplane/protocol/redis/go_json.h"

namespace srsproxy::redis {
namespace {

using Need = RecordReader::Need;

// The lists of a server, in the order in which they are written.
struct EndpointList {
  std::string_view field;
  std::vector<std::string> GoServer::*texts;
  std::vector<Endpoint> OriginRegistration::*endpoints;
  Transport transport;
};

constexpr EndpointList kLists[] = {
    {"rtmp", &GoServer::rtmp, &OriginRegistration::rtmp, Transport::kTcp},
    {"http", &GoServer::http, &OriginRegistration::http, Transport::kTcp},
    {"api", &GoServer::api, &OriginRegistration::api, Transport::kTcp},
    {"srt", &GoServer::srt, &OriginRegistration::srt, Transport::kUdp},
    {"rtc", &GoServer::rtc, &OriginRegistration::rtc, Transport::kUdp},
};

// Older Go proxies read `1935` and `scheme://host:port` alone.
std::string FormatGoEndpoint(Endpoint endpoint) {
  if (endpoint.host.empty()) endpoint.host = "0.0.0.0";
  return FormatEndpoint(endpoint);
}

}  // namespace

absl::StatusOr<GoServer> ParseGoServer(std::string_view text) {
  RecordReader reader("a server", text, kMaxGoRecordBytes);
  GoServer server;
  reader.ReadText("ip", Need::kRequired, server.ip);
  reader.ReadText("device_id", Need::kOptional, server.device_id);
  reader.ReadText("server_id", Need::kRequired, server.server_id);
  reader.ReadText("service_id", Need::kRequired, server.service_id);
  reader.ReadText("pid", Need::kRequired, server.pid);
  for (const EndpointList& list : kLists) {
    reader.ReadTexts(list.field, kMaxGoEndpoints, server.*list.texts);
  }
  reader.ReadTime("update_at", server.updated_at);
  if (!reader.ok()) return reader.status();
  return server;
}

std::string FormatGoServer(const GoServer& server) {
  RecordWriter writer;
  writer.TextUnlessEmpty("ip", server.ip);
  writer.TextUnlessEmpty("device_id", server.device_id);
  writer.TextUnlessEmpty("server_id", server.server_id);
  writer.TextUnlessEmpty("service_id", server.service_id);
  writer.TextUnlessEmpty("pid", server.pid);
  for (const EndpointList& list : kLists) {
    writer.TextsUnlessEmpty(list.field, server.*list.texts);
  }
  writer.Text("update_at", FormatGoTime(server.updated_at));
  return writer.Write();
}

GoServer ToGoServer(const OriginRegistration& registration, absl::Time updated_at) {
  GoServer server{.ip = registration.ip,
                  .device_id = registration.device_id,
                  .server_id = registration.server,
                  .service_id = registration.service,
                  .pid = registration.pid,
                  .updated_at = updated_at};
  for (const EndpointList& list : kLists) {
    for (const Endpoint& endpoint : registration.*list.endpoints) {
      (server.*list.texts).push_back(FormatGoEndpoint(endpoint));
    }
  }
  return server;
}

absl::StatusOr<OriginRegistration> ToRegistration(const GoServer& server) {
  OriginRegistration registration;
  registration.ip = server.ip;
  registration.device_id = server.device_id;
  registration.server = server.server_id;
  registration.service = server.service_id;
  registration.pid = server.pid;
  for (const EndpointList& list : kLists) {
    for (const std::string& text : server.*list.texts) {
      auto endpoint = ParseEndpoint(text, list.transport);
      if (!endpoint.ok()) return InvalidField(list.field, MessageOf(endpoint.status()));
      (registration.*list.endpoints).push_back(*std::move(endpoint));
    }
  }
  if (auto status = ValidateRegistration(registration); !status.ok()) return status;
  return registration;
}

absl::StatusOr<std::vector<std::string>> ParseGoServerList(std::string_view text) {
  constexpr std::string_view kRecord = "all servers";
  const auto value = ParseJson(kRecord, text, kMaxGoServerListBytes);
  if (!value.ok()) return value.status();
  std::vector<std::string> keys;
  if (value->is_null() || (value->is_object() && value->get_object().empty())) return keys;
  const auto* items = value->if_array();
  if (items == nullptr) return WrongRecord(kRecord, "no list");
  keys.reserve(items->size());
  for (const json::value& item : *items) {
    const auto* key = item.if_string();
    if (key == nullptr) return WrongRecord(kRecord, "an item is no text");
    keys.emplace_back(key->data(), key->size());
  }
  return keys;
}

std::string FormatGoServerList(const std::vector<std::string>& keys) {
  json::array items;
  items.reserve(keys.size());
  for (const std::string& key : keys) items.emplace_back(json::string_view(key.data(), key.size()));
  return json::serialize(items);
}

absl::StatusOr<GoHls> ParseGoHls(std::string_view text) {
  RecordReader reader("a viewer of HLS", text, kMaxGoRecordBytes);
  GoHls hls;
  reader.ReadText("spbhid", Need::kRequired, hls.spbhid);
  reader.ReadText("stream_url", Need::kRequired, hls.stream_url);
  reader.ReadText("full_url", Need::kOptional, hls.full_url);
  if (!reader.ok()) return reader.status();
  return hls;
}

std::string FormatGoHls(const GoHls& hls) {
  RecordWriter writer;
  writer.Text("spbhid", hls.spbhid);
  writer.Text("stream_url", hls.stream_url);
  writer.Text("full_url", hls.full_url);
  return writer.Write();
}

absl::StatusOr<GoRtc> ParseGoRtc(std::string_view text) {
  RecordReader reader("a session of WebRTC", text, kMaxGoRecordBytes);
  GoRtc rtc;
  reader.ReadText("stream_url", Need::kRequired, rtc.stream_url);
  reader.ReadText("ufrag", Need::kRequired, rtc.ufrag);
  reader.ReadText("ice_pwd", Need::kOptional, rtc.ice_pwd);
  reader.ReadText("server", Need::kOptional, rtc.server);
  if (!reader.ok()) return reader.status();
  return rtc;
}

std::string FormatGoRtc(const GoRtc& rtc) {
  RecordWriter writer;
  writer.Text("stream_url", rtc.stream_url);
  writer.Text("ufrag", rtc.ufrag);
  writer.TextUnlessEmpty("ice_pwd", rtc.ice_pwd);
  writer.TextUnlessEmpty("server", rtc.server);
  return writer.Write();
}

std::string FormatGoTime(absl::Time time) {
  // The time of which Go's zero value is the text; its years have four digits.
  constexpr std::string_view kNone = "0001-01-01T00:00:00Z";
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::string(kNone);
  const absl::Time whole = absl::FromUnixNanos(absl::ToUnixNanos(time));
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", whole, absl::UTCTimeZone());
}

}  // namespace srsproxy::redis
