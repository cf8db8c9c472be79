// PhaseObserver: a MessageObserver whose calls are two members of the phase that has it, so that a
// phase may observe both sides.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/protocol/rtmp/message.h"
#include "dataplane/protocol/rtmp/message_action.h"
#include "dataplane/protocol/rtmp/message_forwarder.h"

namespace srsproxy::rtmp {

template <typename Phase,
          MessageAction (Phase::*kOnStart)(const MessageHeader&, std::span<const uint8_t>),
          Decision (Phase::*kOnMessage)(const MessageHeader&, std::span<uint8_t>)>
class PhaseObserver final : public MessageObserver {
 public:
  explicit PhaseObserver(Phase& phase) : phase_(phase) {}  // Which has it as a member.

  MessageAction OnMessageStart(const MessageHeader& header,
                               std::span<const uint8_t> prefix) override {
    return (phase_.*kOnStart)(header, prefix);
  }
  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override {
    return (phase_.*kOnMessage)(header, payload);
  }

 private:
  Phase& phase_;
};

}  // namespace srsproxy::rtmp
