#include "dataplane/directory/state_json.h"

#include <absl/strings/str_cat.h>
#include <boost/json/parse.hpp>

#include "dataplane/core/text.h"

namespace srsproxy::state_json {

json::string ToJson(absl::Time time) {
  return json::string(absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
}

json::object ToJson(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, value] : texts) object[name] = ToJson(value);
  return object;
}

std::optional<std::string> ReadText(const json::value& value) {
  const auto* text = value.if_string();
  if (text == nullptr || !IsPrintableUtf8(FromJson(*text))) return std::nullopt;
  return std::string(FromJson(*text));
}

std::optional<absl::Time> ReadTime(const json::value& value) {
  const auto text = ReadText(value);
  absl::Time time;
  if (!text || !absl::ParseTime(absl::RFC3339_full, *text, &time, nullptr)) return std::nullopt;
  return time;
}

std::optional<std::map<std::string, std::string>> ReadTexts(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  std::map<std::string, std::string> texts;
  for (const auto& [name, field] : *object) {
    auto text = ReadText(field);
    if (!text || !IsPrintableUtf8(FromJson(name))) return std::nullopt;
    texts.emplace(FromJson(name), *std::move(text));
  }
  return texts;
}

absl::StatusOr<json::object> ReadVersioned(std::string_view text, int64_t newest) {
  boost::system::error_code error;
  json::value root = json::parse(ToJson(text), error);
  if (error) return absl::DataLossError(absl::StrCat("it is no JSON: ", error.message()));
  auto* object = root.if_object();
  const auto* version = object != nullptr ? object->if_contains("version") : nullptr;
  const auto number = version != nullptr ? ReadNumber<int64_t>(*version) : std::nullopt;
  if (!number) return absl::DataLossError("it has no version");
  if (*number < 1 || *number > newest) {
    return absl::DataLossError(
        absl::StrCat("its version is ", *number, "; this srsproxy knows ", newest));
  }
  return std::move(*object);
}

absl::Status NotUnderstood(std::string_view where) {
  return absl::DataLossError(absl::StrCat(ToAbsl(where), " is not understood"));
}

}  // namespace srsproxy::state_json
