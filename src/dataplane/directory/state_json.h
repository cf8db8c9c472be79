// What the files of PROXY_STATE_DIR have in common: an object with a version, and values to JSON
// and back. Reading gives nullopt for anything that this version would not have written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/time/time.h>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "dataplane/core/status.h"

namespace srsproxy::state_json {

namespace json = boost::json;

inline json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view FromJson(json::string_view text) { return {text.data(), text.size()}; }

json::string ToJson(absl::Time time);
json::object ToJson(const std::map<std::string, std::string>& texts);

// Printable UTF-8 only.
std::optional<std::string> ReadText(const json::value& value);
std::optional<absl::Time> ReadTime(const json::value& value);
std::optional<std::map<std::string, std::string>> ReadTexts(const json::value& value);

// The object in `text`, whose `version` is from 1 to `newest`. DATA_LOSS names what is wrong.
absl::StatusOr<json::object> ReadVersioned(std::string_view text, int64_t newest);

// DATA_LOSS.
absl::Status NotUnderstood(std::string_view where);

template <typename Number>
std::optional<Number> ReadNumber(const json::value& value) {
  boost::system::error_code error;
  const auto number = value.to_number<Number>(error);
  return error ? std::nullopt : std::optional(number);
}

}  // namespace srsproxy::state_json
