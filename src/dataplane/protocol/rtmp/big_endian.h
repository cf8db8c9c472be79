// Numbers on the wire, most significant byte first (and RTMP's one exception).
#pragma once

#include <cstdint>

namespace srsproxy::rtmp {

constexpr uint32_t ReadU24(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 16 | uint32_t{bytes[1]} << 8 | bytes[2];
}
constexpr uint32_t ReadU32(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | ReadU24(bytes + 1);
}
constexpr void WriteU24(uint8_t* bytes, uint32_t value) {
  bytes[0] = static_cast<uint8_t>(value >> 16);
  bytes[1] = static_cast<uint8_t>(value >> 8);
  bytes[2] = static_cast<uint8_t>(value);
}
constexpr void WriteU32(uint8_t* bytes, uint32_t value) {
  bytes[0] = static_cast<uint8_t>(value >> 24);
  WriteU24(bytes + 1, value);
}

// Message stream ids are the only little-endian numbers of RTMP.
constexpr uint32_t ReadStreamId(const uint8_t* bytes) {
  return uint32_t{bytes[3]} << 24 | uint32_t{bytes[2]} << 16 | uint32_t{bytes[1]} << 8 | bytes[0];
}
constexpr void WriteStreamId(uint8_t* bytes, uint32_t value) {
  bytes[0] = static_cast<uint8_t>(value);
  bytes[1] = static_cast<uint8_t>(value >> 8);
  bytes[2] = static_cast<uint8_t>(value >> 16);
  bytes[3] = static_cast<uint8_t>(value >> 24);
}

}  // namespace srsproxy::rtmp
