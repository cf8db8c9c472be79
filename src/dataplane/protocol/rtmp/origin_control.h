// What an origin sends about its connection until it has accepted or refused a stream: chunk size,
// windows, acknowledgements, pings. The client was sent all that by the proxy, long before; it gets
// what differs, ahead of the verdict.
// Source: RTMP 1.0 sections 5.4 and 7.1.7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/core/protocol.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/message.h"
#include "dataplane/protocol/rtmp/message_action.h"
#include "dataplane/protocol/rtmp/origin_connection.h"

namespace srsproxy::rtmp {

// Used by one thread.
class OriginControl {
 public:
  // Both outlive it.
  OriginControl(OriginConnection& connection, DuplexForwarder& forwarder)
      : connection_(connection), forwarder_(forwarder) {}

  // What becomes of a message that is neither command nor media. `requested`: the origin has got
  // publish or play; what it sends before is about the connection alone.
  static MessageAction ActionFor(const MessageHeader& header, std::span<const uint8_t> prefix,
                                 bool requested);
  // One that was consumed.
  void OnMessage(const MessageHeader& header, std::span<const uint8_t> payload);

  // What differs from what the client was sent; before the verdict.
  void SendDifferences(Role role);
  // What the origin has acknowledged meanwhile; behind the verdict.
  void SendAcknowledgement();

 private:
  OriginConnection& connection_;
  DuplexForwarder& forwarder_;
  std::optional<uint32_t> acknowledged_;  // By the origin, since it was connected.
};

}  // namespace srsproxy::rtmp
