// RTMP messages: types and the header that every chunk format boils down to.
// Source: Adobe's RTMP 1.0 specification, sections 5.3.1.2, 5.4, 6 and 7.1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/core/enum_names.h"

namespace srsproxy::rtmp {

enum class MessageType : uint8_t {
  kSetChunkSize = 1,
  kAbort = 2,
  kAcknowledgement = 3,
  kUserControl = 4,
  kWindowAckSize = 5,
  kSetPeerBandwidth = 6,
  kAudio = 8,
  kVideo = 9,
  kDataAmf3 = 15,
  kSharedObjectAmf3 = 16,
  kCommandAmf3 = 17,
  kDataAmf0 = 18,
  kSharedObjectAmf0 = 19,
  kCommandAmf0 = 20,
  kAggregate = 22,
};

constexpr bool IsCommand(MessageType type) {
  return type == MessageType::kCommandAmf0 || type == MessageType::kCommandAmf3;
}
constexpr bool IsData(MessageType type) {
  return type == MessageType::kDataAmf0 || type == MessageType::kDataAmf3;
}
constexpr bool IsMedia(MessageType type) {
  return type == MessageType::kAudio || type == MessageType::kVideo ||
         type == MessageType::kAggregate;
}

constexpr auto NamesOf(MessageType) {
  return SparseEnumNames<MessageType>({{MessageType::kSetChunkSize, "set_chunk_size"},
                                       {MessageType::kAbort, "abort"},
                                       {MessageType::kAcknowledgement, "acknowledgement"},
                                       {MessageType::kUserControl, "user_control"},
                                       {MessageType::kWindowAckSize, "window_ack_size"},
                                       {MessageType::kSetPeerBandwidth, "set_peer_bandwidth"},
                                       {MessageType::kAudio, "audio"},
                                       {MessageType::kVideo, "video"},
                                       {MessageType::kDataAmf3, "data_amf3"},
                                       {MessageType::kSharedObjectAmf3, "shared_object_amf3"},
                                       {MessageType::kCommandAmf3, "command_amf3"},
                                       {MessageType::kDataAmf0, "data_amf0"},
                                       {MessageType::kSharedObjectAmf0, "shared_object_amf0"},
                                       {MessageType::kCommandAmf0, "command_amf0"},
                                       {MessageType::kAggregate, "aggregate"}});
}

// A message's header, whatever chunk formats carried it.
struct MessageHeader {
  uint32_t chunk_stream_id = 0;  // 2 to 65599
  MessageType type = MessageType::kCommandAmf0;
  uint32_t length = 0;     // Payload bytes, less than 2^24.
  uint32_t stream_id = 0;  // 0 is the control stream.
  uint32_t timestamp = 0;  // Absolute, milliseconds, wraps.

  friend bool operator==(const MessageHeader&, const MessageHeader&) = default;
};

inline constexpr uint32_t kMinChunkStream = 2;
inline constexpr uint32_t kMaxChunkStream = 65599;
inline constexpr uint32_t kControlChunkStream = 2;  // For protocol control messages.
inline constexpr uint32_t kCommandChunkStream = 3;  // For commands of the control stream.
inline constexpr uint32_t kStatusChunkStream = 5;   // For onStatus, on a message stream.

inline constexpr uint32_t kDefaultChunkSize = 128;
inline constexpr uint32_t kMaxChunkSize = 0x7fffffff;
inline constexpr uint32_t kMaxMessageLength = 0xffffff;

}  // namespace srsproxy::rtmp
