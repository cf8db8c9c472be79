#include "dataplane/directory/origin_json.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/text.h"
#include "dataplane/directory/state_json.h"

namespace srsproxy::origin_json {
namespace {

namespace json = boost::json;
using state_json::NotUnderstood;
using state_json::ReadNumber;
using state_json::ReadText;
using state_json::ReadTexts;
using state_json::ReadTime;
using state_json::ToJson;

// What a registration has under these names.
struct TextField {
  std::string_view name;
  std::string OriginRegistration::*member;
};
constexpr TextField kTexts[] = {
    {"ip", &OriginRegistration::ip},         {"device_id", &OriginRegistration::device_id},
    {"server", &OriginRegistration::server}, {"service", &OriginRegistration::service},
    {"pid", &OriginRegistration::pid},       {"zone", &OriginRegistration::zone},
};
struct EndpointsField {
  std::string_view name;
  std::vector<Endpoint> OriginRegistration::*member;
};
constexpr EndpointsField kEndpoints[] = {
    {"rtmp", &OriginRegistration::rtmp}, {"http", &OriginRegistration::http},
    {"api", &OriginRegistration::api},   {"srt", &OriginRegistration::srt},
    {"rtc", &OriginRegistration::rtc},
};

json::array ToJson(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.push_back(json::string(ToJson(text)));
  return array;
}

std::optional<std::vector<std::string>> ReadList(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const json::value& item : *array) {
    auto text = ReadText(item);
    if (!text) return std::nullopt;
    texts.push_back(*std::move(text));
  }
  return texts;
}

template <typename Value>
bool Store(std::optional<Value> read, Value& into) {
  if (!read) return false;
  into = *std::move(read);
  return true;
}

bool ReadEndpoints(const json::value& value, std::vector<Endpoint>& into) {
  const auto texts = ReadList(value);
  if (!texts) return false;
  for (const std::string& text : *texts) {
    auto endpoint = ParseEndpoint(text, Transport::kTcp);
    if (!endpoint.ok()) return false;
    into.push_back(*std::move(endpoint));
  }
  return true;
}

bool ReadInterval(const json::value& value, std::optional<absl::Duration>& into) {
  const auto nanoseconds = ReadNumber<int64_t>(value);
  if (!nanoseconds || *nanoseconds <= 0) return false;
  into = absl::Nanoseconds(*nanoseconds);
  return true;
}

std::optional<bool> ReadFlag(const json::value& value) {
  return value.is_bool() ? std::optional(value.get_bool()) : std::nullopt;
}

// Whether it is understood; nullopt: it is no field of a record.
std::optional<bool> ReadField(std::string_view name, const json::value& value, OriginRecord& into) {
  OriginRegistration& registration = into.registration;
  for (const auto& [text, member] : kTexts) {
    if (name == text) return Store(ReadText(value), registration.*member);
  }
  for (const auto& [endpoints, member] : kEndpoints) {
    if (name == endpoints) return ReadEndpoints(value, registration.*member);
  }
  if (name == "weight") return Store(ReadNumber<double>(value), registration.weight);
  if (name == "labels") return Store(ReadTexts(value), registration.labels);
  if (name == "capacity") return Store(ReadNumber<int64_t>(value), registration.capacity);
  if (name == "heartbeat_interval_ns") return ReadInterval(value, registration.heartbeat_interval);
  if (name == "generation") return Store(ReadNumber<uint64_t>(value), into.generation);
  if (name == "lease_digests") return Store(ReadList(value), into.lease_digests);
  if (name == "source") return Store(ReadText(value), into.source);
  if (name == "registered_time") return Store(ReadTime(value), into.registered_at);
  if (name == "leaving") return Store(ReadFlag(value), into.leaving);
  if (name == "silent_since_time") return (into.silent_since = ReadTime(value)).has_value();
  return std::nullopt;
}

}  // namespace

json::object ToJson(const OriginRecord& record) {
  const OriginRegistration& registration = record.registration;
  json::object object;
  for (const auto& [name, member] : kTexts) {
    if (!(registration.*member).empty()) object[ToJson(name)] = ToJson(registration.*member);
  }
  for (const auto& [name, member] : kEndpoints) {
    std::vector<std::string> texts;
    for (const Endpoint& endpoint : registration.*member) texts.push_back(FormatEndpoint(endpoint));
    if (!texts.empty()) object[ToJson(name)] = ToJson(texts);
  }
  object["weight"] = registration.weight;
  if (!registration.labels.empty()) object["labels"] = ToJson(registration.labels);
  if (registration.capacity != 0) object["capacity"] = registration.capacity;
  if (registration.heartbeat_interval) {
    object["heartbeat_interval_ns"] = absl::ToInt64Nanoseconds(*registration.heartbeat_interval);
  }
  object["generation"] = record.generation;
  object["lease_digests"] = ToJson(record.lease_digests);
  object["source"] = ToJson(record.source);
  object["registered_time"] = ToJson(record.registered_at);
  if (record.silent_since) object["silent_since_time"] = ToJson(*record.silent_since);
  if (record.leaving) object["leaving"] = true;
  return object;
}

absl::StatusOr<OriginRecord> FromJson(const json::object& object, UnknownFields unknown) {
  OriginRecord record;
  for (const auto& [name, field] : object) {
    const std::string_view text = state_json::FromJson(name);
    if (!ReadField(text, field, record).value_or(unknown == UnknownFields::kIgnored)) {
      return NotUnderstood(Quoted(text));
    }
  }
  return record;
}

}  // namespace srsproxy::origin_json
