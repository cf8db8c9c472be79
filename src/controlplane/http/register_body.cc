#include "controlplane/http/register_body.h"

#include <algorithm>
#include <optional>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

namespace json = boost::json;

constexpr size_t kMaxDepth = 16;

using Texts = google::protobuf::RepeatedPtrField<std::string>;

// Null when absent, and when JSON's null stands there.
const json::value* Find(const json::object& object, std::string_view field) {
  const auto* value = object.if_contains({field.data(), field.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

// A string or an integer, as text.
std::optional<std::string> TextOf(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  if (const auto* number = value.if_int64()) return std::to_string(*number);
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  return std::nullopt;
}

absl::Status ReadText(const json::object& body, std::string_view field, std::string& into) {
  const auto* value = Find(body, field);
  if (value == nullptr) return absl::OkStatus();
  auto text = TextOf(*value);
  if (!text) return InvalidField(field, "must be a string");
  into = *std::move(text);
  return absl::OkStatus();
}

absl::Status ReadTexts(const json::object& body, std::string_view field, Texts& into) {
  const auto* value = Find(body, field);
  if (value == nullptr) return absl::OkStatus();
  const auto* list = value->if_array();
  if (list == nullptr) return InvalidField(field, "must be a list of strings");
  for (const auto& entry : *list) {
    auto text = TextOf(entry);
    if (!text) return InvalidField(field, "must be a list of strings");
    *into.Add() = *std::move(text);
  }
  return absl::OkStatus();
}

std::optional<double> NumberAt(const json::object& object, std::string_view field) {
  const auto* value = Find(object, field);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

const json::object* ObjectAt(const json::object* object, std::string_view field) {
  const auto* value = object == nullptr ? nullptr : Find(*object, field);
  return value == nullptr ? nullptr : value->if_object();
}

// SRS's "percent" figures are ratios; its CPU figure can exceed 1 for a moment.
v1::LoadReport ReadSummaries(const json::object& body) {
  v1::LoadReport load;
  const auto* system = ObjectAt(ObjectAt(ObjectAt(&body, "summaries"), "data"), "system");
  if (system == nullptr) return load;
  if (const auto cpu = NumberAt(*system, "cpu_percent")) {
    load.set_cpu_ratio(std::clamp(*cpu, 0.0, 1.0));
  }
  if (const auto memory = NumberAt(*system, "mem_ram_percent")) {
    load.set_memory_ratio(std::clamp(*memory, 0.0, 1.0));
  }
  const auto* connections = Find(*system, "conn_srs");
  if (connections != nullptr && connections->is_int64() && connections->get_int64() >= 0) {
    load.set_connections(connections->get_int64());
  }
  return load;
}

}  // namespace

absl::StatusOr<RegisterBody> ParseRegisterBody(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  const auto value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return InvalidField("body", "is no JSON: " + error.message());
  const auto* body = value.if_object();
  if (body == nullptr) return InvalidField("body", "must be a JSON object");

  RegisterBody parsed;
  auto& registration = parsed.registration;
  const absl::Status read[] = {
      ReadText(*body, "ip", *registration.mutable_ip()),
      ReadText(*body, "device_id", *registration.mutable_device_id()),
      ReadText(*body, "server", *registration.mutable_server()),
      ReadText(*body, "service", *registration.mutable_service()),
      ReadText(*body, "pid", *registration.mutable_pid()),
      ReadTexts(*body, "rtmp", *registration.mutable_rtmp()),
      ReadTexts(*body, "http", *registration.mutable_http()),
      ReadTexts(*body, "api", *registration.mutable_api()),
      ReadTexts(*body, "srt", *registration.mutable_srt()),
      ReadTexts(*body, "rtc", *registration.mutable_rtc()),
  };
  for (const auto& status : read) {
    if (!status.ok()) return status;
  }
  parsed.load = ReadSummaries(*body);
  return parsed;
}

}  // namespace srsproxy::control
