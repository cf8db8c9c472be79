// The client until it names a stream: answers its handshake and its commands as SRS does and in its
// order, and keeps what it sent.
//
//   ClientSetup setup(vhosts, seed);
//   setup.Read(received, to_client, answers);   // Until setup.ended().
//   if (setup.named()) ... setup.TakeConnection(), TakeRequest(), TakeReplay()
//
// Sans-IO; used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/handshake.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

class ClientSetup final : private MessageObserver {
 public:
  // `vhosts` outlives it.
  ClientSetup(const VhostPolicy& vhosts, HandshakeSeed seed);
  ClientSetup(const ClientSetup&) = delete;
  ClientSetup& operator=(const ClientSetup&) = delete;
  ~ClientSetup() override;

  // Takes all of `in`. What the client is to be sent is appended: to `to_client` while the
  // handshake lasts (also what is no RTMP, for a client that speaks HTTP), and to `answers` after
  // it.
  void Read(std::span<const uint8_t> in, BufferSequence& to_client,
            std::vector<KeptMessage>& answers);

  bool handshake_done() const { return handshake_.done(); }
  // The client has requested a stream, be it one that cannot be: then status() is not OK.
  bool named() const { return request_.has_value(); }
  // Nothing more is to be read: it has named a stream, or status() has what is wrong with it.
  bool ended() const { return named() || !status_.ok(); }
  // Client at fault; it was sent the reason.
  const absl::Status& status() const { return status_; }

  const ClientConnection& connection() const { return connection_; }
  size_t free() const { return replay_.free(); }

  // What the next phase gets; once, when named().
  ClientConnection TakeConnection() { return std::move(connection_); }
  StreamRequest TakeRequest() { return *std::move(request_); }
  ReplayBuffer TakeReplay() { return std::move(replay_); }

 private:
  MessageAction OnMessageStart(const MessageHeader& header,
                               std::span<const uint8_t> prefix) override;
  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override;

  std::span<const uint8_t> ReadHandshake(std::span<const uint8_t> in, BufferSequence& to_client);
  void ReadCommands();
  void OnCommand(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnConnect(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  void OnCreateStream(const Command& command);
  void OnRequest(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  void Answer(const Command& command);
  // Ends, and sends the client the reason.
  void Fail(absl::Status why);

  const VhostPolicy& vhosts_;
  ServerHandshake handshake_;
  ChunkForwarder forwarder_;  // Reads the replay buffer; its output is thrown away.
  size_t read_ = 0;           // How far it has come.
  CallAnswerer answerer_;
  absl::Status status_;
  std::vector<KeptMessage>* answers_ = nullptr;  // Of the Read under way.

  ClientConnection connection_;
  ReplayBuffer replay_;
  std::optional<StreamRequest> request_;
};

}  // namespace srsproxy::rtmp
