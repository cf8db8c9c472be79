#include "dataplane/protocol/redis/go_json.h"

#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace srsproxy::redis {
namespace {

constexpr size_t kMaxDepth = 8;

json::string_view ToJson(std::string_view text) { return {text.data(), text.size()}; }

// A text, or a whole number in digits.
std::optional<std::string> TextOf(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(text->data(), text->size());
  if (const auto* number = value.if_int64()) return std::to_string(*number);
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  return std::nullopt;
}

bool IsEmptyObject(const json::value& value) {
  return value.is_object() && value.get_object().empty();
}

}  // namespace

absl::Status WrongRecord(std::string_view record, std::string_view problem) {
  return ProxyFailure(absl::StatusCode::kDataLoss, "the record of " + std::string(record) +
                                                       " in Redis: " + std::string(problem));
}

absl::StatusOr<json::value> ParseJson(std::string_view record, std::string_view text,
                                      size_t max_bytes) {
  if (text.size() > max_bytes) {
    return WrongRecord(
        record, std::to_string(text.size()) + " bytes, more than " + std::to_string(max_bytes));
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  auto value = json::parse(ToJson(text), error, {}, options);
  if (error) return WrongRecord(record, "no JSON: " + error.message());
  return value;
}

RecordReader::RecordReader(std::string_view record, std::string_view text, size_t max_bytes)
    : record_(record) {
  auto value = ParseJson(record, text, max_bytes);
  if (!value.ok()) {
    status_ = value.status();
  } else if (!value->is_object()) {
    status_ = WrongRecord(record, "no object");
  } else {
    object_ = std::move(value->get_object());
  }
}

const json::value* RecordReader::Find(std::string_view field) const {
  if (!status_.ok()) return nullptr;
  const json::value* value = object_.if_contains(ToJson(field));
  return value == nullptr || value->is_null() ? nullptr : value;
}

void RecordReader::Wrong(std::string_view field, std::string_view problem) {
  if (status_.ok()) status_ = WrongRecord(record_, std::string(field) + " " + std::string(problem));
}

void RecordReader::ReadText(std::string_view field, Need need, std::string& into) {
  if (const json::value* value = Find(field)) {
    auto text = TextOf(*value);
    if (!text.has_value()) return Wrong(field, "is no text");
    into = *std::move(text);
  }
  if (need == Need::kRequired && into.empty()) Wrong(field, "is missing");
}

void RecordReader::ReadTexts(std::string_view field, size_t max_items,
                             std::vector<std::string>& into) {
  const json::value* value = Find(field);
  if (value == nullptr || IsEmptyObject(*value)) return;
  const auto* items = value->if_array();
  if (items == nullptr) return Wrong(field, "is no list");
  if (items->size() > max_items) return Wrong(field, "has too many items");
  for (const json::value& item : *items) {
    auto text = TextOf(item);
    if (!text.has_value()) return Wrong(field, "has an item that is no text");
    into.push_back(*std::move(text));
  }
}

void RecordReader::ReadTime(std::string_view field, absl::Time& into) {
  const json::value* value = Find(field);
  if (value == nullptr) return;
  const auto* text = value->if_string();
  absl::Time time;
  std::string ignored;
  // ParseTime takes "infinite-future" for a time, too.
  if (text == nullptr ||
      !absl::ParseTime(absl::RFC3339_full, {text->data(), text->size()}, &time, &ignored) ||
      time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return Wrong(field, "is no time");
  }
  // Go's zero value: there is none.
  if (time == absl::FromCivil(absl::CivilSecond(1, 1, 1), absl::UTCTimeZone())) return;
  into = absl::FromUnixNanos(absl::ToUnixNanos(time));
}

void RecordWriter::Text(std::string_view field, std::string_view text) {
  object_.emplace(ToJson(field), ToJson(text));
}

void RecordWriter::TextUnlessEmpty(std::string_view field, std::string_view text) {
  if (!text.empty()) Text(field, text);
}

void RecordWriter::TextsUnlessEmpty(std::string_view field, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json::array items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.emplace_back(ToJson(text));
  object_.emplace(ToJson(field), std::move(items));
}

std::string RecordWriter::Write() const { return json::serialize(object_); }

}  // namespace srsproxy::redis
