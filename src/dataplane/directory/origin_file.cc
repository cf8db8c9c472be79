#include "dataplane/directory/origin_file.h"

#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/text.h"
#include "dataplane/directory/state_json.h"

namespace srsproxy {
namespace {

namespace json = boost::json;
using state_json::FromJson;
using state_json::NotUnderstood;
using state_json::ReadNumber;
using state_json::ReadText;
using state_json::ReadTexts;
using state_json::ReadTime;
using state_json::ReadVersioned;
using state_json::ToJson;

constexpr char kFile[] = "origins.json";
constexpr std::string_view kLost = "the origins of before the start are forgotten";
// Grows with every field that is added: an older proxy then leaves the file alone.
constexpr int64_t kVersion = 2;  // Since then: silent_since_time.

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

// ---- To JSON

json::array ToJson(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.push_back(json::string(ToJson(text)));
  return array;
}

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
  return object;
}

// ---- From JSON: nullopt or false for anything that this version would not have written.

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

bool ReadField(std::string_view name, const json::value& value, OriginRecord& into) {
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
  if (name == "silent_since_time") return (into.silent_since = ReadTime(value)).has_value();
  return false;
}

struct Content {
  absl::Time written = absl::InfinitePast();
  std::vector<OriginRecord> records;
};

absl::Status ReadRecords(const json::value& value, std::vector<OriginRecord>& into) {
  const auto* array = value.if_array();
  if (array == nullptr) return NotUnderstood("origins");
  for (size_t i = 0; i < array->size(); ++i) {
    const std::string where = absl::StrCat("origins[", i, "]");
    const auto* object = (*array)[i].if_object();
    if (object == nullptr) return NotUnderstood(where);
    OriginRecord record;
    for (const auto& [name, field] : *object) {
      if (!ReadField(FromJson(name), field, record)) {
        return NotUnderstood(absl::StrCat(where, ": ", Quoted(FromJson(name))));
      }
    }
    if (record.lease_digests.empty()) return NotUnderstood(where + ": 'lease_digests'");
    into.push_back(std::move(record));
  }
  return absl::OkStatus();
}

absl::StatusOr<Content> Parse(std::string_view text) {
  const auto object = ReadVersioned(text, kVersion);
  if (!object.ok()) return object.status();
  Content content;
  for (const auto& [name, value] : *object) {
    if (name == "origins") {
      if (auto status = ReadRecords(value, content.records); !status.ok()) return status;
    } else if (name == "written_time") {
      if (!Store(ReadTime(value), content.written)) return NotUnderstood("written_time");
    } else if (name != "version") {
      return NotUnderstood(Quoted(FromJson(name)));
    }
  }
  return content;
}

}  // namespace

absl::StatusOr<std::vector<OriginRecord>> OriginFile::Read(absl::Time now) const {
  const auto text = folder_->Read(kFile);
  if (!text.ok()) return text.status();
  std::vector<OriginRecord> records;
  if (!text->has_value()) return records;
  auto content = Parse(**text);
  if (!content.ok()) {
    auto status = folder_->SetAside(kFile, kLost, MessageOf(content.status()), logger_);
    if (!status.ok()) return status;
    return records;
  }
  if (now - content->written > kMaxAge) {
    if (!content->records.empty()) {
      logger_.Warn(kLost, {{"why", "they were written more than 24 hours ago"},
                           {"origins", content->records.size()}});
    }
    return records;
  }
  for (OriginRecord& record : content->records) {
    if (auto status = ValidateRegistration(record.registration); !status.ok()) {
      logger_.Warn("an origin of before the start is forgotten",
                   {{"origin", record.registration.Id()}, {"why", MessageOf(status)}});
      continue;
    }
    records.push_back(std::move(record));
  }
  return records;
}

absl::Status OriginFile::Write(const std::vector<OriginRecord>& records, absl::Time now) const {
  json::array origins;
  for (const OriginRecord& record : records) origins.push_back(ToJson(record));
  return folder_->Write(kFile, json::serialize(json::object{{"version", kVersion},
                                                            {"written_time", ToJson(now)},
                                                            {"origins", std::move(origins)}}));
}

}  // namespace srsproxy
