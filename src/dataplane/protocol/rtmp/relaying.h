// A stream that flows, and the time between two streams of one connection: media passes, and the
// client's commands are read on the way, which create, end and name streams.
//
// Sans-IO; used by one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/origin_connection.h"
#include "dataplane/protocol/rtmp/phase_observer.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

class Relaying {
 public:
  // `client`, `vhosts` and `forwarder` outlive it. `request` is what the origin has accepted.
  Relaying(const ClientConnection& client, const VhostPolicy& vhosts, const StreamRequest& request,
           OriginConnection origin, bool media_seen, DuplexForwarder& forwarder);
  Relaying(const Relaying&) = delete;
  Relaying& operator=(const Relaying&) = delete;
  ~Relaying();

  // After each Forward to the origin, these hold what came of it:
  // nothing is published or played any more; true once for each time.
  bool TakeIdle() { return std::exchange(idle_, false); }
  // What the client wants next, where nothing is live; what it sent behind that was not read.
  std::optional<StreamRequest> TakeRequest() { return std::exchange(next_, std::nullopt); }
  // Not OK: the client broke the protocol, and was sent that.
  const absl::Status& status() const { return status_; }

  // Sends the client that it broke the protocol.
  void SendClientFault(const absl::Status& why);

  // Media has passed from the one that sends it.
  bool media_seen() const { return media_seen_; }
  // What the next phase gets, when the origin's connection goes on.
  OriginConnection TakeConnection() { return std::move(origin_); }

 private:
  MessageAction OnClientStart(const MessageHeader& header, std::span<const uint8_t> prefix);
  Decision OnClientMessage(const MessageHeader& header, std::span<uint8_t> payload);
  MessageAction OnOriginStart(const MessageHeader& header, std::span<const uint8_t> prefix);
  Decision OnOriginMessage(const MessageHeader& header, std::span<uint8_t> payload);

  struct ActiveStream {
    uint32_t client_id = 0;
    Role role = Role::kViewer;
  };

  void OnCommand(const MessageHeader& header, std::span<const uint8_t> payload);
  void OnRequest(const MessageHeader& header, const Command& command,
                 std::span<const uint8_t> payload);
  void Refuse(const MessageHeader& header, const Command& command, absl::StatusCode why,
              std::string_view text);
  template <typename Predicate>
  void EndStreams(Predicate ended);

  const ClientConnection& client_;
  const VhostPolicy& vhosts_;
  DuplexForwarder& forwarder_;
  PhaseObserver<Relaying, &Relaying::OnClientStart, &Relaying::OnClientMessage> client_observer_{
      *this};
  PhaseObserver<Relaying, &Relaying::OnOriginStart, &Relaying::OnOriginMessage> origin_observer_{
      *this};

  StreamKey key_;                 // Of all that is active.
  Role role_ = Role::kViewer;     // Of the last request.
  MessageHeader request_header_;  // Of the last request.
  bool media_seen_ = false;
  std::vector<ActiveStream> active_;
  std::vector<KeptMessage> encoder_calls_;  // Of the next publisher on this connection.
  OriginConnection origin_;

  bool idle_ = false;
  std::optional<StreamRequest> next_;
  absl::Status status_;
};

}  // namespace srsproxy::rtmp
