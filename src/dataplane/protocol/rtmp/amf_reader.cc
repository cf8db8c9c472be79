#include "dataplane/protocol/rtmp/amf_reader.h"

#include <bit>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {

AmfReader::AmfReader(std::span<const uint8_t> body, AmfLimits limits)
    : body_(body), left_(limits) {}

uint8_t AmfReader::ReadU8() {
  const auto bytes = Take(1);
  return bytes.empty() ? 0 : bytes[0];
}

uint32_t AmfReader::ReadU16() {
  const auto bytes = Take(2);
  return bytes.empty() ? 0 : uint32_t{bytes[0]} << 8 | bytes[1];
}

uint32_t AmfReader::ReadU32() {
  const auto bytes = Take(4);
  return bytes.empty() ? 0 : rtmp::ReadU32(bytes.data());
}

double AmfReader::ReadDouble() {
  const auto bytes = Take(8);
  if (bytes.empty()) return 0;
  const uint64_t high = rtmp::ReadU32(bytes.data());
  return std::bit_cast<double>(high << 32 | rtmp::ReadU32(bytes.data() + 4));
}

std::string AmfReader::ReadText(size_t size) {
  CountText(size);
  const auto bytes = Take(size);
  return std::string(bytes.begin(), bytes.end());
}

void AmfReader::Skip(size_t size) { Take(size); }

void AmfReader::Fail(std::string_view what) {
  if (!ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat("broken AMF at byte ", position_, ": ", ToAbsl(what)));
}

void AmfReader::CountValue() {
  if (left_.max_values == 0) return Fail("it holds too many values");
  --left_.max_values;
}

void AmfReader::CountText(size_t bytes) {
  if (bytes > left_.max_text_bytes) return Fail("it holds too much text");
  left_.max_text_bytes -= static_cast<uint32_t>(bytes);
}

void AmfReader::EnterObject() {
  if (left_.max_depth == 0) return Fail("its objects are nested too deep");
  --left_.max_depth;
}

void AmfReader::LeaveObject() { ++left_.max_depth; }

std::span<const uint8_t> AmfReader::Take(size_t size) {
  if (!ok()) return {};
  if (size > rest().size()) {
    Fail(absl::StrCat("it ends too early: ", size, " bytes are needed, ", rest().size(),
                      " are left"));
    return {};
  }
  const auto bytes = rest().first(size);
  position_ += size;
  return bytes;
}

}  // namespace srsproxy::rtmp
