// An origin until it has said yes or no to a stream: its handshake, the replay of what the client
// sent, and its answers. What it says to things that the client was told already is swallowed, so
// that the first command after publish or play is its answer.
//
// Sans-IO; used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/handshake.h"
#include "dataplane/protocol/rtmp/origin_connection.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

class OriginSetup {
 public:
  // What the client has asked for; outlives the phase. Bytes may be added to the replay meanwhile.
  struct Wanted {
    const ClientConnection& client;
    const StreamRequest& request;
    ReplayBuffer& replay;
  };

  enum class Outcome : uint8_t {
    kPending,
    kUnreachable,  // The handshake failed: nothing of the client was told to the origin.
    kAccepted,
    kRedirected,  // To redirect(), by a 302.
    kRefused,     // status() says why, and who is at fault; the client was told.
  };

  explicit OriginSetup(Wanted wanted, DuplexForwarder& forwarder);
  OriginSetup(const OriginSetup&) = delete;
  OriginSetup& operator=(const OriginSetup&) = delete;
  ~OriginSetup();

  // How it begins: on a new connection, with the handshake; `real_ip`: the client's address, to be
  // told by SRS's prefix. Or on one that served the client's last stream, with the request alone.
  void Connect(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip, BridgeOutput out);
  absl::Status Continue(OriginConnection connection, BridgeOutput out);

  // Takes bytes of the origin until the outcome is known, and returns how many. When it has
  // accepted, the rest belongs to the next phase. Not OK: the proxy cannot go on; the client hears
  // nothing.
  absl::StatusOr<size_t> Read(std::span<uint8_t> in, BridgeOutput out);

  Outcome outcome() const { return outcome_; }
  bool handshaking() const { return handshake_.has_value(); }
  // OK unless it is kRefused.
  const absl::Status& status() const { return status_; }
  const std::string& redirect() const { return redirect_; }

  // What the next phase gets, when it has accepted. The client is told what waited for that with
  // the next Flush.
  OriginConnection TakeConnection() { return std::move(connection_); }
  bool media_seen() const { return media_seen_; }
  // How much of the replay the origin has got.
  size_t replayed() const { return replayed_; }

 private:
  struct ClientObserver final : MessageObserver {
    explicit ClientObserver(OriginSetup& its_phase) : phase(its_phase) {}
    MessageAction OnMessageStart(const MessageHeader& header,
                                 std::span<const uint8_t> prefix) override;
    Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;
    OriginSetup& phase;
  };
  struct OriginObserver final : MessageObserver {
    explicit OriginObserver(OriginSetup& its_phase) : phase(its_phase) {}
    MessageAction OnMessageStart(const MessageHeader& header,
                                 std::span<const uint8_t> prefix) override;
    Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;
    OriginSetup& phase;
  };

  // What the origin has to answer next.
  enum class Ask : uint8_t { kStreamId, kVerdict };

  absl::Status ReadHandshake(std::span<uint8_t>& in, BridgeOutput out);
  void OpenCallsOfReplay();
  absl::Status Replay(BridgeOutput out);
  absl::Status ReplayBytes(size_t end, BridgeOutput out);
  void TellConnectAgain();

  MessageAction MediaAction();
  MessageAction ControlAction(const MessageHeader& header, std::span<const uint8_t> prefix) const;
  void OnControl(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnCommand(const MessageHeader& header, std::span<uint8_t> payload);
  void OnResult(const MessageHeader& header, const Command& command, std::span<uint8_t> payload);
  void OnConnectResult(const ResultCommand& result);
  void OnStreamIdResult(const ResultCommand& result);
  void OnVerdict(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  // Says what of the origin's ways differs from what the client was told; before its verdict.
  void TellOriginsWays();
  void TellWhatWaited();
  void KeepForLater(const MessageHeader& header, std::span<const uint8_t> payload);

  void Redirect(std::string target);
  // The origin refused `what`, by a result: the client hears it as a status of the stream.
  void RefusedByResult(const ResultCommand& result, std::string_view what);
  // `why` says that the client or the origin broke the protocol: the client hears that.
  void Fail(absl::Status why);

  const Wanted wanted_;
  DuplexForwarder& forwarder_;
  ClientObserver client_observer_{*this};
  OriginObserver origin_observer_{*this};
  Outcome outcome_ = Outcome::kPending;
  absl::Status status_;
  std::string redirect_;

  std::optional<ClientHandshake> handshake_;
  std::optional<CreateStreamCall> create_;  // Still to be answered, or sent.
  size_t replayed_ = 0;
  Ask ask_ = Ask::kVerdict;
  bool continues_ = false;         // The origin has served this connection before.
  bool connect_answered_ = false;  // By the origin.
  bool replay_next_ = false;       // The origin gave the stream id that the replay waits for.
  bool media_seen_ = false;
  OpenCalls open_calls_;  // Those that the origin has got and not answered.
  OriginConnection connection_;
  std::optional<uint32_t> acknowledged_;     // By the origin, since it was connected.
  std::vector<KeptMessage> until_accepted_;  // onFCPublish comes before the verdict.
  std::vector<KeptMessage> after_verdict_;   // What the origin said too early.
};

}  // namespace srsproxy::rtmp
