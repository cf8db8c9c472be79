// Two RTMP connections, a client's and an origin's, made into one: recorded, replayed,
// forwarded.
//
// The bridge answers the client until it names a stream, as SRS does and in its order, and records
// what it sent. Once the driver has found an origin, the record is replayed there, so that the
// origin sees every field the client sent; what it says to things that were answered already is
// swallowed, so that the first command after publish or play is its answer. With the origin's
// onStatus the bytes flow, forwarded by two ChunkForwarders.
//
// Sans-IO: bytes in, bytes out, and a state that says what the driver has to do next. Used by one
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/handshake.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

enum class BridgeState : uint8_t {
  kHandshake,        // The client's handshake is not done.
  kAwaitingRequest,  // The client has not yet said what it wants to publish or play.
  kSelecting,  // The driver finds an origin for key() and role(): Connected, Continue, or Refuse.
  kAwaitingOrigin,  // The origin has not yet said yes or no.
  kRelaying,        // It said yes.
  kIdle,            // The stream has ended, the connections stay; the client may name another one.
  kEnded,           // Send what there is to send, and close. status() says why.
};

class Bridge {
 public:
  // What the client sent is kept up to this size until the origin's verdict.
  static constexpr size_t kReplayCapacity = 64 * 1024;

  struct Output {
    Pieces& to_client;
    Pieces& to_origin;
  };

  // Hears of every change of state, also of those that pass within one call. Must not call the
  // bridge's changing members.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnBridgeState(BridgeState before, BridgeState now) = 0;
  };

  // `vhosts` and `listener` outlive the bridge.
  Bridge(const VhostPolicy& vhosts, HandshakeSeed seed, Listener& listener);
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;
  ~Bridge();

  // Takes all of `in`, which may be changed in place. What is appended to `out` stays valid until
  // the next call.
  void FromClient(std::span<uint8_t> in, Output out);
  void FromOrigin(std::span<uint8_t> in, Output out);

  // How many bytes of the client may be given to FromClient now.
  size_t ClientReadCapacity() const;

  // In kSelecting: the connection to a picked origin is up. `real_ip`: the client's address, to be
  // told by SRS's prefix.
  void Connected(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip, Output out);
  // In kSelecting: the origin that is connected already serves this stream too.
  void Continue(Output out);
  // In kSelecting, kAwaitingOrigin, kRelaying: the client is told `why` by onStatus, and the bridge
  // ends with it. Between two chunks of what flows; in the middle of one it just ends.
  void Refuse(absl::Status why, Output out);
  // The origin's connection has ended; OK: in order. Before any byte of the client was used, the
  // state becomes kSelecting again, and another origin may be tried; otherwise the bridge ends.
  void OriginClosed(absl::Status why, Output out);

  BridgeState state() const { return state_; }
  // Why it ended; OK: the origin closed in order.
  const absl::Status& status() const { return status_; }

  // The srsproxies that the client has come through. From kAwaitingRequest on.
  const HopList& hops() const { return hops_; }
  const StreamKey& key() const { return key_; }
  Role role() const { return role_; }
  // Where the origin sent the client, in kSelecting after a redirect (302); else empty.
  const std::string& redirect() const { return redirect_; }
  // In kAwaitingOrigin: nothing of the client has been told to the origin yet.
  bool origin_handshaking() const { return origin_handshake_ != nullptr; }
  // Media has passed from the one that sends it.
  bool media_seen() const { return media_seen_; }

 private:
  // The observers only hand on to the bridge; each forwarder has one.
  struct NamingObserver final : ChunkForwarder::Observer {
    explicit NamingObserver(Bridge& owner) : bridge(owner) {}
    MessageAction OnMessageStart(const MessageHeader& header,
                                 std::span<const uint8_t> prefix) override;
    Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;
    Bridge& bridge;
  };
  struct ClientObserver final : ChunkForwarder::Observer {
    explicit ClientObserver(Bridge& owner) : bridge(owner) {}
    MessageAction OnMessageStart(const MessageHeader& header,
                                 std::span<const uint8_t> prefix) override;
    Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;
    Bridge& bridge;
  };
  struct OriginObserver final : ChunkForwarder::Observer {
    explicit OriginObserver(Bridge& owner) : bridge(owner) {}
    MessageAction OnMessageStart(const MessageHeader& header,
                                 std::span<const uint8_t> prefix) override;
    Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;
    Bridge& bridge;
  };

  // What the origin has to answer next while it is asked.
  enum class Ask : uint8_t { kHandshake, kStreamId, kVerdict };

  // The first one: later ones are given the same stream, so nothing waits for their answers.
  struct CreateStream {
    double transaction_id = 0;
    uint32_t client_id = 0;  // What the client was told.
    size_t record_end = 0;   // Where the command ends in the record.
  };
  struct StreamIds {
    uint32_t client = 0;
    uint32_t origin = 0;
  };
  struct ActiveStream {
    uint32_t client_id = 0;
    Role role = Role::kViewer;
  };
  struct Request {
    StreamKey key;
    Role role = Role::kViewer;
  };

  // The client, until it has named a stream.
  void ReadRecord();
  void OnNamingCommand(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnNamingPing(uint32_t timestamp);
  void OnConnect(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  void OnCreateStream(const Command& command);
  // publish, play, play2: what the client wants, or what is wrong with it.
  absl::StatusOr<Request> ReadRequest(const Command& command) const;
  void SetRequest(const MessageHeader& header, std::span<const uint8_t> payload, Request request);

  // The origin, until it has answered.
  void Replay(Output out);
  void ForwardToOrigin(std::span<uint8_t> in, Output out);
  void ForwardToClient(std::span<uint8_t> in, Output out);
  MessageAction AnswerAction(const MessageHeader& header, std::span<const uint8_t> prefix);
  MessageAction ControlAnswerAction(const MessageHeader& header, std::span<const uint8_t> prefix);
  void OnAnswer(const MessageHeader& header, std::span<uint8_t> payload);
  void OnControlAnswer(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnResult(const MessageHeader& header, const Command& command, std::span<uint8_t> payload);
  void OnConnectResult(const ResultCommand& result);
  void OnStreamIdResult(const ResultCommand& result);
  // Ends, and tells the client that the origin refused `what`.
  void RefusedByOrigin(const ResultCommand& result, std::string_view what);
  void OnVerdict(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  // Says what of the origin's ways differs from what the client was told; before its verdict.
  void TellOriginsWays();
  void KeepForLater(const MessageHeader& header, std::span<const uint8_t> payload);
  void StartFlowing(Output out);
  // What the new origin gets to hear, other than connect and createStream.
  void OpenCallsAgain();

  // The client, later.
  MessageAction FlowingAction(const MessageHeader& header, std::span<const uint8_t> prefix);
  void OnFlowingCommand(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnLaterRequest(const MessageHeader& header, const Command& command,
                      std::span<const uint8_t> payload);
  // True when `result` answers a createStream of the flowing client; maps the id.
  bool OnLaterResult(const Command& result, std::span<uint8_t> payload);
  void OnLaterStreamId(std::span<uint8_t> payload);
  template <typename Predicate>
  void EndStreams(Predicate ended);

  // Stream ids.
  void MapStream(uint32_t client_id, uint32_t origin_id);
  uint32_t ToClientId(uint32_t origin_id) const;
  uint32_t ToOriginId(uint32_t client_id) const;

  // What the proxy says itself; it goes out with FlushQueues.
  void TellClient(const Command& command, uint32_t chunk_stream_id, uint32_t stream_id);
  void TellClientStatus(std::string_view code, std::string_view description);
  void PassToClient(const MessageHeader& header, std::span<const uint8_t> payload);
  void FlushQueues(Output out);

  void SetState(BridgeState state);
  void End(absl::Status why);
  // Ends because `why` says that the client or the origin broke the protocol, and tells the client.
  void Fail(absl::Status why);

  const VhostPolicy& vhosts_;
  Listener& listener_;
  BridgeState state_ = BridgeState::kHandshake;
  Ask ask_ = Ask::kHandshake;
  Role role_ = Role::kViewer;
  bool media_seen_ = false;
  bool accepted_ = false;          // The origin said yes; the bytes flow after this message.
  bool connect_answered_ = false;  // By the origin.
  bool replay_next_ = false;       // The origin gave the stream id that the replay waits for.
  bool first_request_ = true;      // The request stands in the record.
  bool continues_ = false;         // The origin has served this connection before.
  bool plays_silently_ = false;    // The origin has begun to play without an onStatus.
  absl::Status status_;
  HopList hops_;

  NamingObserver naming_observer_{*this};
  ClientObserver client_observer_{*this};
  OriginObserver origin_observer_{*this};
  std::unique_ptr<ServerHandshake> client_handshake_;
  std::unique_ptr<ClientHandshake> origin_handshake_;
  std::unique_ptr<ChunkForwarder>
      naming_forwarder_;  // Reads the record; its output is thrown away.
  std::unique_ptr<ChunkForwarder> to_origin_;
  ChunkForwarder to_client_;

  std::vector<uint8_t> record_;  // The client's bytes after its handshake, until they are replayed.
  std::vector<uint8_t> retired_;  // The replayed record, until its output has been taken.
  size_t record_read_ = 0;        // How far naming_forwarder_ has come.
  size_t request_end_ = 0;        // Where publish or play ends.
  size_t replayed_ = 0;

  KeptMessage connect_;  // As the client sent it; for another origin on the same connection.
  double connect_transaction_ = 0;
  std::string app_;
  std::string tc_url_;

  std::optional<CreateStream> create_;
  bool created_ = false;  // The origin has answered it.
  CallAnswerer answerer_;
  OpenCalls record_calls_;                // Those that stand in the record.
  OpenCalls open_calls_;                  // Those that the origin has got and not answered.
  uint32_t origin_window_ = 0;            // 0: it has not said one.
  std::optional<uint32_t> acknowledged_;  // By the origin, since it was connected.

  KeptMessage request_;  // publish or play.
  StreamKey key_;
  std::string redirect_;

  std::vector<StreamIds> ids_;  // Only those that differ.
  std::vector<ActiveStream> active_;
  std::vector<double> later_creates_;  // createStream commands of the flowing client, unanswered.
  std::vector<KeptMessage> encoder_calls_;   // Of the next publisher on this connection.
  std::vector<KeptMessage> until_accepted_;  // onFCPublish comes before the verdict.
  std::vector<KeptMessage> after_verdict_;   // What the origin said too early.
  std::vector<KeptMessage> for_client_;
  std::vector<KeptMessage> for_origin_;
};

}  // namespace srsproxy::rtmp
