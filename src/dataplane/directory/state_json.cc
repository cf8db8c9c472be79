#include "dataplane/directory/state_json.h"

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

}  // namespace srsproxy::state_json
