#include "dataplane/protocol/rtmp/origin_control.h"

#include <utility>

#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/control_message.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

MessageAction OriginControl::ActionFor(const MessageHeader& header, std::span<const uint8_t> prefix,
                                       bool requested) {
  switch (header.type) {
    case MessageType::kSetChunkSize:
    case MessageType::kSetPeerBandwidth:
      return MessageAction::kDrop;
    case MessageType::kWindowAckSize:
    case MessageType::kAcknowledgement:
      return MessageAction::kConsume;
    case MessageType::kUserControl: {
      const auto control = ReadUserControl(prefix);
      if (!control.has_value()) return MessageAction::kDrop;
      if (control->event == UserControlEvent::kPingResponse) return MessageAction::kDrop;
      break;
    }
    default:
      if (!IsData(header.type)) return MessageAction::kPass;
      break;
  }
  // Before publish or play is there, it is about the connection, which the client has long had.
  return requested ? MessageAction::kPass : MessageAction::kDrop;
}

void OriginControl::OnMessage(const MessageHeader& header, std::span<const uint8_t> payload) {
  if (header.type == MessageType::kWindowAckSize) {
    connection_.window = ReadControlNumber(payload).value_or(0);
  } else if (header.type == MessageType::kAcknowledgement) {
    acknowledged_ = ReadControlNumber(payload);
  } else if (IsPing(header, payload)) {
    forwarder_.QueueForOrigin(PingAnswer(payload));
  }
}

void OriginControl::SendDifferences(Role role) {
  // A window that is larger than the one granted hurts nobody: the origin is acknowledged early.
  if (const uint32_t window = std::exchange(connection_.window, 0);
      window > 0 && window < kGrantedWindowBytes) {
    forwarder_.QueueForClient(
        ControlMessage(MessageType::kWindowAckSize, WindowAckSizePayload(window)));
  }
  // ffmpeg's publisher would take it over, and nginx-rtmp loses bytes of one that comes down to a
  // smaller size. The forwarder sends it to a publisher before a message that needs it: hardly
  // ever.
  if (role == Role::kViewer && !forwarder_.SameChunkSize()) {
    forwarder_.QueueForClient(ControlMessage(MessageType::kSetChunkSize,
                                             SetChunkSizePayload(forwarder_.OriginChunkSize())));
  }
}

void OriginControl::SendAcknowledgement() {
  if (!acknowledged_.has_value()) return;
  forwarder_.QueueForClient(
      ControlMessage(MessageType::kAcknowledgement, AcknowledgementPayload(*acknowledged_)));
}

}  // namespace srsproxy::rtmp
