// What becomes of a message on its way from one side to the other.
#pragma once

#include <cstdint>

namespace srsproxy::rtmp {

// What happens to a message, decided when it starts.
enum class MessageAction : uint8_t {
  kPass,         // Goes through as it comes; nothing is kept.
  kPassAndShow,  // Goes through as it comes; OnMessage sees the payload when it is complete.
  kHold,         // Waits until it is complete; OnMessage may change its bytes and decides.
  kConsume,      // Is kept from the receiver; OnMessage sees the payload when it is complete.
  kDrop,         // Is kept from the receiver, unseen, whatever its size.
};

// What happens to a held message, decided when it is complete.
enum class Decision : uint8_t {
  kForward,
  kConsume,
};

}  // namespace srsproxy::rtmp
