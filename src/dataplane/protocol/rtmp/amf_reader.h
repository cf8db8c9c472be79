// A body that AMF values are read from, one after another: a position, the limits, and the first
// error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy::rtmp {

// What is refused, so that a small body cannot cost much memory or stack.
struct AmfLimits {
  uint32_t max_depth = 64;             // Nested objects and arrays.
  uint32_t max_values = 4096;          // Values in one body, nested ones included.
  uint32_t max_text_bytes = 1u << 20;  // Of all strings; what AMF3 refers to is counted again.
};

// After the first failure (INVALID_ARGUMENT, naming the position) every read gives zeros and empty
// texts, so that callers may look at ok() where it suits them; loops must look at it. `body`
// outlives the reader.
class AmfReader {
 public:
  explicit AmfReader(std::span<const uint8_t> body, AmfLimits limits = {});

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  size_t position() const { return position_; }
  bool AtEnd() const { return position_ == body_.size(); }
  std::span<const uint8_t> rest() const { return body_.subspan(position_); }

  uint8_t ReadU8();
  uint32_t ReadU16();
  uint32_t ReadU32();
  double ReadDouble();
  std::string ReadText(size_t size);
  void Skip(size_t size);

  // Keeps the first failure.
  void Fail(std::string_view what);

  // Each counts against a limit.
  void CountValue();
  void CountText(size_t bytes);
  void EnterObject();
  void LeaveObject();

 private:
  std::span<const uint8_t> Take(size_t size);  // Empty after a failure.

  std::span<const uint8_t> body_;
  size_t position_ = 0;
  AmfLimits left_;
  absl::Status status_;
};

}  // namespace srsproxy::rtmp
