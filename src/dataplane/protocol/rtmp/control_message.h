// Protocol control and user control messages: their payloads, written and read.
// Source: RTMP 1.0 sections 5.4 and 7.1.7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

std::vector<uint8_t> SetChunkSizePayload(uint32_t chunk_size);  // 1 to kMaxChunkSize
std::vector<uint8_t> AcknowledgementPayload(uint32_t sequence_number);
std::vector<uint8_t> WindowAckSizePayload(uint32_t bytes);
enum class PeerBandwidthLimit : uint8_t { kHard = 0, kSoft = 1, kDynamic = 2 };
std::vector<uint8_t> SetPeerBandwidthPayload(uint32_t bytes, PeerBandwidthLimit limit);

enum class UserControlEvent : uint16_t {
  kStreamBegin = 0,
  kStreamEof = 1,
  kStreamDry = 2,
  kSetBufferLength = 3,
  kStreamIsRecorded = 4,
  kPingRequest = 6,
  kPingResponse = 7,
  kBufferEmpty = 31,
  kBufferReady = 32,
};
// An event with one 32 bit value: a stream id, or a ping's timestamp.
std::vector<uint8_t> UserControlPayload(UserControlEvent event, uint32_t value);

// A 32 bit big-endian number: the payload of acknowledgement, window size and chunk size messages.
std::optional<uint32_t> ReadControlNumber(std::span<const uint8_t> payload);

struct UserControl {
  UserControlEvent event;
  uint32_t value = 0;
};
// Empty when `payload` is shorter than an event and one value.
std::optional<UserControl> ReadUserControl(std::span<const uint8_t> payload);

}  // namespace srsproxy::rtmp
