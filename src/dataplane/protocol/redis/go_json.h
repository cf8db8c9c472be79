// Reads the fields of the Go proxy's JSON objects. Used by go_records.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "dataplane/core/status.h"

namespace srsproxy::redis {

namespace json = boost::json;

// DATA_LOSS: "the record of a server in Redis: pid is missing".
absl::Status WrongRecord(std::string_view record, std::string_view problem);

// `text`, of `max_bytes` at most.
absl::StatusOr<json::value> ParseJson(std::string_view record, std::string_view text,
                                      size_t max_bytes);

// One object, field by field; the first problem counts.
class RecordReader {
 public:
  // `record`: a literal, "a server".
  RecordReader(std::string_view record, std::string_view text, size_t max_bytes);

  enum class Need : uint8_t { kOptional, kRequired };  // kRequired: there, and not empty.
  void ReadText(std::string_view field, Need need, std::string& into);
  void ReadTexts(std::string_view field, size_t max_items, std::vector<std::string>& into);
  // Absent: left as it is.
  void ReadTime(std::string_view field, absl::Time& into);

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  // Null: there is none, it is null, or something was wrong before.
  const json::value* Find(std::string_view field) const;
  void Wrong(std::string_view field, std::string_view problem);

  const std::string_view record_;
  json::object object_;
  absl::Status status_;
};

// Appends what is to be written, in the order of the calls.
class RecordWriter {
 public:
  void Text(std::string_view field, std::string_view text);
  // Go's `omitempty`.
  void TextUnlessEmpty(std::string_view field, std::string_view text);
  void TextsUnlessEmpty(std::string_view field, const std::vector<std::string>& texts);

  std::string Write() const;

 private:
  json::object object_;
};

}  // namespace srsproxy::redis
