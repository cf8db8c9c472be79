// Reply: what Redis has answered, as a tree of values (RESP2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/status.h"

namespace srsproxy::redis {

// Owns its values; moved, not copied. A reader names what it expects by an As: each answers
// the error's status (error_reply.h) when the reply is an error, and DATA_LOSS, with words, when it
// is anything else than was expected. Views are valid as long as the reply.
class Reply {
 public:
  enum class Type : uint8_t { kNil, kInteger, kString, kStatus, kError, kArray };
  using Array = std::vector<Reply>;

  // Nil.
  Reply() = default;
  static Reply Integer(int64_t value) { return Reply(Type::kInteger, value); }
  static Reply String(std::string text) { return Reply(Type::kString, std::move(text)); }
  static Reply Status(std::string text) { return Reply(Type::kStatus, std::move(text)); }
  static Reply Error(std::string text) { return Reply(Type::kError, std::move(text)); }
  static Reply ArrayOf(Array items) { return Reply(Type::kArray, std::move(items)); }

  Reply(Reply&&) = default;
  Reply& operator=(Reply&&) = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  Type type() const { return type_; }
  bool is_nil() const { return type_ == Type::kNil; }
  bool is_error() const { return type_ == Type::kError; }

  // The text of an error; "" of anything else.
  std::string_view error() const { return is_error() ? std::string_view(text()) : ""; }
  // OK unless it is an error.
  absl::Status ToStatus() const;

  // An integer, or a string that is one: values in hashes are strings.
  absl::StatusOr<int64_t> AsInteger() const;
  // A string or a status.
  absl::StatusOr<std::string_view> AsText() const;
  // The same, or nil: nullopt.
  absl::StatusOr<std::optional<std::string_view>> AsOptionalText() const;
  // An array; nil, as XREAD answers when nothing has come, is an empty one.
  absl::StatusOr<std::span<const Reply>> AsArray() const;
  // The same, of `size` items or more: N and N-1 of a script work together.
  absl::StatusOr<std::span<const Reply>> AsArrayOf(size_t size) const;
  // An array of texts.
  absl::StatusOr<std::vector<std::string_view>> AsTexts() const;
  // A flat array of names and values, as HGETALL answers, in its order.
  using Field = std::pair<std::string_view, std::string_view>;
  absl::StatusOr<std::vector<Field>> AsFields() const;

  // For logs and tests: `(error) ERR no`, `[1, "text", nil]`; at most some 200 bytes.
  std::string ToString() const;

  friend bool operator==(const Reply&, const Reply&) = default;

 private:
  friend class ReplyBuilder;
  using Value = std::variant<std::monostate, int64_t, std::string, Array>;

  Reply(Type type, Value value) : type_(type), value_(std::move(value)) {}

  const std::string& text() const { return std::get<std::string>(value_); }
  absl::Status Unexpected(std::string_view expected) const;

  Type type_ = Type::kNil;
  Value value_;
};

constexpr auto NamesOf(Reply::Type) {
  return EnumNames<Reply::Type>({{Reply::Type::kNil, "nil"},
                                 {Reply::Type::kInteger, "integer"},
                                 {Reply::Type::kString, "string"},
                                 {Reply::Type::kStatus, "status"},
                                 {Reply::Type::kError, "error"},
                                 {Reply::Type::kArray, "array"}});
}

}  // namespace srsproxy::redis
