// OriginSetup: an origin until it has accepted or refused a stream: its handshake, the replay of
// what the client sent, and its answers. Answers that the client has from the proxy are swallowed,
// so that the first command after publish or play is its answer.
//
// Sans-IO; used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/handshake.h"
#include "dataplane/protocol/rtmp/origin_connection.h"
#include "dataplane/protocol/rtmp/origin_control.h"
#include "dataplane/protocol/rtmp/phase_observer.h"
#include "dataplane/protocol/rtmp/setup_outcome.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

class OriginSetup {
 public:
  // What the client has requested; outlives the phase. Bytes may be added to the replay meanwhile.
  struct Wanted {
    const ClientConnection& client;
    const StreamRequest& request;
    ReplayBuffer& replay;
  };

  using Outcome = SetupOutcome::Kind;

  explicit OriginSetup(Wanted wanted, DuplexForwarder& forwarder);
  OriginSetup(const OriginSetup&) = delete;
  OriginSetup& operator=(const OriginSetup&) = delete;
  ~OriginSetup();

  // How it begins: on a new connection, with the handshake; `real_ip`: the client's address, to be
  // sent in SRS's prefix. Or on one that served the client's last stream, with the request alone.
  void Connect(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip, BridgeOutput out);
  absl::Status Continue(OriginConnection connection, BridgeOutput out);

  // Takes bytes of the origin until the outcome is known, and returns how many. When it has
  // accepted, the rest belongs to the next phase. Not OK: the proxy cannot go on; the client is
  // sent nothing.
  absl::StatusOr<size_t> Read(std::span<uint8_t> in, BridgeOutput out);

  const SetupOutcome& outcome() const { return outcome_; }
  bool handshaking() const { return handshake_.has_value(); }

  // What the next phase gets, when it has accepted. The client is sent what waited for that with
  // the next Flush.
  OriginConnection TakeConnection() { return std::move(connection_); }
  bool media_seen() const { return media_seen_; }
  // How much of the replay the origin has got.
  size_t replayed() const { return replayed_; }

 private:
  MessageAction OnClientStart(const MessageHeader& header, std::span<const uint8_t> prefix);
  Decision OnClientMessage(const MessageHeader& header, std::span<uint8_t> payload);
  MessageAction OnOriginStart(const MessageHeader& header, std::span<const uint8_t> prefix);
  Decision OnOriginMessage(const MessageHeader& header, std::span<uint8_t> payload);

  // Which answer of the origin comes next.
  enum class Awaiting : uint8_t { kStreamId, kVerdict };

  absl::Status ReadHandshake(std::span<uint8_t>& in, BridgeOutput out);
  void OpenCallsOfReplay();
  absl::Status Replay(BridgeOutput out);
  absl::Status ReplayBytes(size_t end, BridgeOutput out);
  void SendConnectAgain();

  MessageAction MediaAction();
  void OnCommand(const MessageHeader& header, std::span<uint8_t> payload);
  void OnResult(const MessageHeader& header, const Command& command, std::span<uint8_t> payload);
  void OnConnectResult(const ResultCommand& result);
  void OnStreamIdResult(const ResultCommand& result);
  void OnVerdict(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  void SendDeferred();
  void Defer(const MessageHeader& header, std::span<const uint8_t> payload);

  const Wanted wanted_;
  DuplexForwarder& forwarder_;
  PhaseObserver<OriginSetup, &OriginSetup::OnClientStart, &OriginSetup::OnClientMessage>
      client_observer_{*this};
  PhaseObserver<OriginSetup, &OriginSetup::OnOriginStart, &OriginSetup::OnOriginMessage>
      origin_observer_{*this};
  SetupOutcome outcome_{wanted_.request, forwarder_};

  std::optional<ClientHandshake> handshake_;
  std::optional<CreateStreamCall> create_;  // Still to be answered, or sent.
  size_t replayed_ = 0;
  Awaiting awaiting_ = Awaiting::kVerdict;
  bool continues_ = false;         // The origin has served this connection before.
  bool connect_answered_ = false;  // By the origin.
  bool replay_next_ = false;       // The origin gave the stream id that the replay waits for.
  bool media_seen_ = false;
  OpenCalls open_calls_;  // Those that the origin has got and not answered.
  OriginConnection connection_;
  OriginControl control_{connection_, forwarder_};
  std::vector<KeptMessage> until_accepted_;  // onFCPublish comes before the verdict.
  std::vector<KeptMessage> deferred_;        // What the origin sent too early.
};

}  // namespace srsproxy::rtmp
