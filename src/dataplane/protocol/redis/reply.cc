#include "dataplane/protocol/redis/reply.h"

#include <charconv>

#include "dataplane/core/text.h"
#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

constexpr size_t kMaxShown = 200;

std::optional<int64_t> ToInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

absl::Status Reply::ToStatus() const {
  return is_error() ? ErrorToStatus(text()) : absl::OkStatus();
}

absl::Status Reply::Unexpected(std::string_view expected) const {
  if (is_error()) return ErrorToStatus(text());
  return ProxyFailure(absl::StatusCode::kDataLoss, "Redis answered " + ToString() + " where " +
                                                       std::string(expected) + " was expected");
}

absl::StatusOr<int64_t> Reply::AsInteger() const {
  if (type_ == Type::kInteger) return std::get<int64_t>(value_);
  if (type_ == Type::kString) {
    if (const auto value = ToInteger(text())) return *value;
  }
  return Unexpected("an integer");
}

absl::StatusOr<std::string_view> Reply::AsText() const {
  if (type_ == Type::kString || type_ == Type::kStatus) return std::string_view(text());
  return Unexpected("a text");
}

absl::StatusOr<std::optional<std::string_view>> Reply::AsOptionalText() const {
  if (is_nil()) return std::optional<std::string_view>();
  if (type_ != Type::kString && type_ != Type::kStatus) return Unexpected("a text or nil");
  return std::optional<std::string_view>(text());
}

absl::StatusOr<std::span<const Reply>> Reply::AsArray() const {
  if (is_nil()) return std::span<const Reply>();
  if (type_ != Type::kArray) return Unexpected("an array");
  return std::span<const Reply>(std::get<Array>(value_));
}

absl::StatusOr<std::span<const Reply>> Reply::AsArrayOf(size_t size) const {
  auto items = AsArray();
  if (items.ok() && items->size() < size) {
    return Unexpected("an array of " + std::to_string(size));
  }
  return items;
}

absl::StatusOr<std::vector<std::string_view>> Reply::AsTexts() const {
  const auto items = AsArray();
  if (!items.ok()) return items.status();
  std::vector<std::string_view> texts;
  texts.reserve(items->size());
  for (const Reply& item : *items) {
    const auto text = item.AsText();
    if (!text.ok()) return text.status();
    texts.push_back(*text);
  }
  return texts;
}

absl::StatusOr<std::vector<Reply::Field>> Reply::AsFields() const {
  const auto texts = AsTexts();
  if (!texts.ok()) return texts.status();
  if (texts->size() % 2 != 0) return Unexpected("names with their values");
  std::vector<Field> fields;
  fields.reserve(texts->size() / 2);
  for (size_t i = 0; i < texts->size(); i += 2) fields.emplace_back((*texts)[i], (*texts)[i + 1]);
  return fields;
}

std::string Reply::ToString() const {
  switch (type_) {
    case Type::kNil:
      return "nil";
    case Type::kInteger:
      return std::to_string(std::get<int64_t>(value_));
    case Type::kString:
      return Quoted(text());
    case Type::kStatus:
      return "(status) " + Quoted(text());
    case Type::kError:
      return "(error) " + Quoted(text());
    case Type::kArray:
      break;
  }
  std::string shown = "[";
  for (const Reply& item : std::get<Array>(value_)) {
    if (shown.size() > 1) shown += ", ";
    if (shown.size() > kMaxShown) return shown + "...]";
    shown += item.ToString();
  }
  return shown + "]";
}

}  // namespace srsproxy::redis
