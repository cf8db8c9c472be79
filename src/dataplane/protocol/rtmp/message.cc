#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

std::string_view MessageTypeName(MessageType type) {
  switch (type) {
    case MessageType::kSetChunkSize:
      return "set_chunk_size";
    case MessageType::kAbort:
      return "abort";
    case MessageType::kAcknowledgement:
      return "acknowledgement";
    case MessageType::kUserControl:
      return "user_control";
    case MessageType::kWindowAckSize:
      return "window_ack_size";
    case MessageType::kSetPeerBandwidth:
      return "set_peer_bandwidth";
    case MessageType::kAudio:
      return "audio";
    case MessageType::kVideo:
      return "video";
    case MessageType::kDataAmf3:
      return "data_amf3";
    case MessageType::kSharedObjectAmf3:
      return "shared_object_amf3";
    case MessageType::kCommandAmf3:
      return "command_amf3";
    case MessageType::kDataAmf0:
      return "data_amf0";
    case MessageType::kSharedObjectAmf0:
      return "shared_object_amf0";
    case MessageType::kCommandAmf0:
      return "command_amf0";
    case MessageType::kAggregate:
      return "aggregate";
  }
  return "unknown";
}

}  // namespace srsproxy::rtmp
