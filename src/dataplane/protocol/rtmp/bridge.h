// Two RTMP connections, a client's and an origin's, made into one, by phases:
//
//   ClientSetup   answers the client until it names a stream, and keeps what it sent;
//   OriginSetup   replays that to the origin that the driver has found, and waits for its verdict;
//   Relaying      lets the bytes flow, until the client names another stream, or somebody leaves.
//
// The bridge holds the phase under way, hands the values of one to the next, and reports by its
// state what the driver has to do. Sans-IO: bytes in, bytes out. Used by one thread.
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
#include "dataplane/protocol/rtmp/client_setup.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"
#include "dataplane/protocol/rtmp/handshake.h"
#include "dataplane/protocol/rtmp/origin_setup.h"
#include "dataplane/protocol/rtmp/relaying.h"
#include "dataplane/protocol/rtmp/stream_request.h"

namespace srsproxy::rtmp {

enum class BridgeState : uint8_t {
  kHandshake,        // The client's handshake is not done.
  kAwaitingRequest,  // The client has not yet named what it wants to publish or play.
  kSelecting,  // The driver finds an origin for key() and role(): Connected, Continue, or Refuse.
  kAwaitingOrigin,  // The origin has not yet accepted or refused.
  kRelaying,        // It has accepted.
  kIdle,            // The stream has ended, the connections stay; the client may name another one.
  kEnded,           // Send what there is to send, and close. status() has the reason.
};

class Bridge {
 public:
  using Output = BridgeOutput;

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
  // sent in SRS's prefix.
  void Connected(HandshakeSeed seed, std::optional<std::array<uint8_t, 4>> real_ip, Output out);
  // In kSelecting, without a redirect(): the origin that served the last stream, and is connected
  // still, serves this one too.
  void Continue(Output out);
  // In kSelecting, kAwaitingOrigin, kRelaying: the client is sent `why` by onStatus, and the bridge
  // ends with it. Between two chunks of what flows; in the middle of one it just ends.
  void Refuse(absl::Status why, Output out);
  // The origin's connection has ended; OK: in order. Before any byte of the client was used, the
  // state becomes kSelecting again, and another origin may be tried; otherwise the bridge ends.
  void OriginClosed(absl::Status why, Output out);

  BridgeState state() const { return state_; }
  // Why it ended; OK: the origin closed in order.
  const absl::Status& status() const { return status_; }

  // The srsproxies that the client has come through. From kAwaitingRequest on.
  const HopList& hops() const { return client_.hops; }
  const StreamKey& key() const { return request_.key; }
  Role role() const { return request_.role; }
  // Where the origin sent the client, in kSelecting after a redirect (302); else empty.
  const std::string& redirect() const { return redirect_; }
  // In kAwaitingOrigin: nothing of the client has been sent to the origin yet.
  bool origin_handshaking() const {
    return origin_setup_ != nullptr && origin_setup_->handshaking();
  }
  // Media has passed from the one that sends it.
  bool media_seen() const { return relaying_ != nullptr ? relaying_->media_seen() : media_seen_; }

 private:
  // ---- Input, by phase
  void ReadClientSetup(std::span<const uint8_t> in, Output out);
  void ReadOriginSetup(std::span<uint8_t>& in, Output out);
  void ForwardToOrigin(std::span<uint8_t> in, Output out);
  void ForwardToClient(std::span<uint8_t> in, Output out);

  // ---- From one phase to the next
  void OnNamed();
  void OnNextRequest(StreamRequest request);
  void OnOriginsVerdict(Output out);
  void StartRelaying(Output out);

  // Begins a call: what the former one put out has been taken.
  void Begin() {
    sent_replay_ = {};
    replay_.Sent();
  }
  void Flush(Output out);
  void SetState(BridgeState state);
  void End(absl::Status why);

  const VhostPolicy& vhosts_;
  Listener& listener_;
  BridgeState state_ = BridgeState::kHandshake;
  absl::Status status_;

  // What the phases have handed over.
  ClientConnection client_;
  StreamRequest request_;  // The last one; its payload until an origin has accepted it.
  ReplayBuffer replay_;
  std::string redirect_;
  bool media_seen_ = false;           // Before the phase under way.
  std::vector<uint8_t> sent_replay_;  // What of the replay is put out by this call.

  // The phase under way. Relaying stays until the next origin is there.
  DuplexForwarder forwarder_;
  std::unique_ptr<ClientSetup> client_setup_;
  std::unique_ptr<OriginSetup> origin_setup_;
  std::unique_ptr<Relaying> relaying_;
};

}  // namespace srsproxy::rtmp
