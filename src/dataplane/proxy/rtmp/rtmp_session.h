// One RTMP client's connection, from accept to close: drives the bridge, finds origins, relays.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/session.h"
#include "dataplane/core/session_control.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/event.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/relay.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/timeout.h"
#include "dataplane/net/worker.h"
#include "dataplane/protocol/rtmp/bridge.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/proxy/sessions/stream_session.h"
#include "dataplane/proxy/upstream/connector.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Outlives the sessions, as does what it refers to. One for each worker.
struct RtmpSessionNeeds {
  const LiveConfig& config;
  const UpstreamNeeds& upstream;
  SessionTable& sessions;
  std::mt19937_64& random;
};

// Lives in the frame of Run. Used on its worker only.
class RtmpSession final : net::Relay::Handler, rtmp::Bridge::Listener, SessionTable::Session {
 public:
  // `needs` and `scope`, of the coroutine that runs it, outlive it.
  RtmpSession(const RtmpSessionNeeds& needs, net::CancelScope& scope, srsproxy::Listener listener,
              net::Incoming client);
  RtmpSession(const RtmpSession&) = delete;
  RtmpSession& operator=(const RtmpSession&) = delete;

  // Returns when both connections are closed. `tls`: the client speaks TLS; null: it does not.
  net::Task<void> Run(net::TlsContext tls);

 private:
  using State = rtmp::BridgeState;

  // net::Relay::Handler
  void OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) override;
  void OnClosed(Side side, absl::Status why) override;
  size_t ReadCapacity(Side side) const override;
  // rtmp::Bridge::Listener
  void OnBridgeState(State before, State now) override;
  // SessionTable::Session
  void Kick(absl::Status why) override;
  const SessionInfo& info() const override { return stream_->session.info(); }

  net::Task<void> FindOrigin();
  // Connector::Choose. An origin that is connected already carries the next stream too.
  absl::StatusOr<std::optional<Endpoint>> Choose(const Placement& placement);
  void Connected(net::TcpStream origin);
  void Refuse(const absl::Status& why);
  void DropOrigin();
  void ReportEnd();

  bool over() const { return scope_.cancelled(); }
  void ArmDeadline(absl::Duration timeout, Side side, std::string_view what);
  // The origin's handshake has ended, in one way or another.
  void OnOriginHandshake();
  void OnDeadline(Side side, std::string_view what);

  void BeginStream();
  void FinishStream(Side side, const absl::Status& why);
  void ClaimBytes();

  // What the client has named.
  struct Stream {
    StreamSession session;
    Connector connector;
    int redirects = 0;
  };

  const RtmpSessionNeeds& needs_;
  net::CancelScope& scope_;
  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  const std::shared_ptr<const Config> config_;  // As it was when the client came.
  const srsproxy::Listener listener_;
  const std::string client_address_;  // address:port
  std::optional<std::array<uint8_t, 4>> client_ipv4_;
  const MonotonicTime accepted_;

  net::TcpStream client_;
  std::unique_ptr<net::TcpStream> origin_;
  std::string origin_id_;  // Of the connected one.
  rtmp::Bridge bridge_;
  net::Relay relay_;
  net::Event changed_;
  net::Deadline deadline_;
  std::unique_ptr<Stream> stream_;             // From the moment the client has named one.
  std::optional<absl::Status> origin_closed_;  // Not yet reported to the bridge.
  bool origin_speaks_otherwise_ = false;       // Its handshake is not RTMP's.
  State phase_ = State::kHandshake;            // The state in which it ended.
  uint64_t unclaimed_in_ = 0;  // Bytes that belong to the stream that comes, or is being served.
  uint64_t unclaimed_out_ = 0;
  bool client_sent_ = false;  // The client has sent something.
  SessionTable::Place place_;
};

}  // namespace srsproxy
