// What a client requests on its connection, as values that one phase of a bridge hands to the next.
//
// Values only; used by one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/hops.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/command.h"

namespace srsproxy::rtmp {

// What the client's handshake and connect carried; it holds for every stream of the connection.
struct ClientConnection {
  HopList hops;         // The srsproxies that the client has come through.
  KeptMessage connect;  // As the client sent it; for another origin. Empty: it has not come.
  double connect_transaction = 0;
  std::string app;
  std::string tc_url;
};

// A publish, play or play2.
struct StreamRequest {
  KeptMessage message;  // As the client sent it.
  StreamKey key;
  Role role = Role::kViewer;
  // Of a later request of the connection: releaseStream and FCPublish that came before it.
  std::vector<KeptMessage> encoder_calls;
};

// The first createStream: later ones are given the same stream, so nothing waits for their answers.
struct CreateStreamCall {
  double transaction_id = 0;
  uint32_t client_id = 0;  // As the client knows it.
  size_t end = 0;          // Where the command ends in the replay buffer.
};

// What the client has sent and an origin has not got.
struct ReplayBuffer {
  static constexpr size_t kCapacity = 64 * 1024;

  std::vector<uint8_t> bytes;
  // Whether `bytes` begin with connect and hold the request; else they are what came behind it, and
  // what follows here is empty.
  bool holds_request = true;
  size_t request_end = 0;  // Where publish or play ends.
  std::optional<CreateStreamCall> create;
  OpenCalls calls;                           // The other calls before the request.
  std::vector<std::vector<uint8_t>> copies;  // Of CopyToSend.

  void Append(std::span<const uint8_t> in) { bytes.insert(bytes.end(), in.begin(), in.end()); }
  // A copy of a part, to be sent to one origin: it is changed on its way, and another origin may
  // get the same part. It lives until Sent.
  std::span<uint8_t> CopyToSend(size_t begin, size_t end) {
    const auto from = bytes.begin();
    return copies.emplace_back(from + static_cast<ptrdiff_t>(begin),
                               from + static_cast<ptrdiff_t>(end));
  }
  void Sent() { copies.clear(); }
  // All of them; what is appended from now on comes behind a later request.
  std::vector<uint8_t> TakeBytes() {
    holds_request = false;
    create.reset();
    calls.Clear();
    return std::exchange(bytes, {});
  }
  size_t free() const { return kCapacity - std::min(kCapacity, bytes.size()); }
};

bool IsStreamRequest(std::string_view command_name);

// Reads a command that IsStreamRequest. On failure (INVALID_ARGUMENT, client at fault) the
// request's role is RoleOf(command.name).
absl::StatusOr<StreamRequest> ReadStreamRequest(const MessageHeader& header, const Command& command,
                                                std::span<const uint8_t> payload,
                                                const ClientConnection& connection,
                                                const VhostPolicy& vhosts);
Role RoleOf(std::string_view command_name);

// How a refusal is called on the wire, by what is refused and why.
std::string_view RefusalCode(Role role, absl::StatusCode why);

// An onStatus of level error that answers `request`, whose type and message stream it has.
KeptMessage ErrorStatus(const MessageHeader& request, std::string_view code,
                        std::string_view description);

// A protocol control or user control message.
KeptMessage ControlMessage(MessageType type, std::vector<uint8_t> payload);

// Whether a message with this payload, which may be its beginning, is a ping that wants an answer;
// and that answer.
bool IsPing(const MessageHeader& header, std::span<const uint8_t> payload);
KeptMessage PingAnswer(std::span<const uint8_t> ping);

}  // namespace srsproxy::rtmp
