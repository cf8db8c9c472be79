#include "dataplane/directory/origin_file.h"

#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/text.h"
#include "dataplane/directory/origin_json.h"
#include "dataplane/directory/state_json.h"

namespace srsproxy {
namespace {

namespace json = boost::json;
using state_json::FromJson;
using state_json::NotUnderstood;
using state_json::ReadTime;
using state_json::ReadVersioned;
using state_json::ToJson;

constexpr char kFile[] = "origins.json";
constexpr std::string_view kLost = "the origins of before the start are forgotten";
// Grows with every field that is added: an older proxy then leaves the file alone.
constexpr int64_t kVersion = 2;  // Since then: silent_since_time.

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
    auto record = origin_json::FromJson(*object, origin_json::UnknownFields::kRefused);
    if (!record.ok())
      return absl::DataLossError(absl::StrCat(where, ": ", record.status().message()));
    if (record->lease_digests.empty() || record->leaving) {
      return NotUnderstood(where + ": 'lease_digests'");
    }
    into.push_back(*std::move(record));
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
      const auto written = ReadTime(value);
      if (!written) return NotUnderstood("written_time");
      content.written = *written;
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
  for (const OriginRecord& record : records) origins.push_back(origin_json::ToJson(record));
  return folder_->Write(kFile, json::serialize(json::object{{"version", kVersion},
                                                            {"written_time", ToJson(now)},
                                                            {"origins", std::move(origins)}}));
}

}  // namespace srsproxy
