#include "dataplane/proxy/rtmp/rtmp_session.h"

#include <algorithm>
#include <random>
#include <utility>

#include <absl/cleanup/cleanup.h>

#include "dataplane/proxy/rtmp/connection_end.h"
#include "dataplane/proxy/rtmp/redirect.h"

namespace srsproxy {
namespace {

using rtmp::BridgeState;

// After connect an encoder names its stream at once; SRS waits as long as this for it, and origins
// call their hooks.
constexpr int kCommandTimeouts = 3;  // Handshake timeouts.

// SRS lets a publisher's connection wait this long for its next stream.
constexpr absl::Duration kIdleTimeout = absl::Minutes(3);

constexpr int kMaxRedirects = 3;

rtmp::HandshakeSeed NewSeed(MonotonicTime now, std::mt19937_64& random) {
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return {.time_ms = static_cast<uint32_t>(uptime.count()), .random = random()};
}

}  // namespace

RtmpSession::RtmpSession(const RtmpSessionNeeds& needs, net::CancelScope& scope,
                         srsproxy::Listener listener, net::Incoming client)
    : needs_(needs),
      scope_(scope),
      upstream_(needs.upstream),
      context_(needs.upstream.context),
      config_(needs.config.Get()),
      listener_(listener),
      client_address_(net::FormatPeer(client.peer)),
      client_ipv4_(net::Ipv4Of(client.peer)),
      accepted_(context_.clock.Now()),
      client_(std::move(client.socket), Side::kClient),
      bridge_(config_->vhosts, NewSeed(accepted_, needs.random), *this),
      relay_(context_.worker, *this, config_->write_timeout),
      changed_(context_.executor()),
      deadline_(context_.executor()),
      place_(needs.sessions, *this) {}

net::Task<void> RtmpSession::Run(net::TlsContext tls) {
  context_.counters.ConnectionOpened(listener_);
  const absl::Cleanup closed = [this] { context_.counters.ConnectionClosed(listener_); };
  client_.Tune(config_->write_timeout);
  if (tls != nullptr && !client_.StartTls(tls)) {
    scope_.Cancel(Side::kProxy,
                  ProxyFailure(absl::StatusCode::kResourceExhausted, "no memory for TLS"));
  }
  ArmDeadline(config_->handshake_timeout, Side::kClient, "the handshake");
  if (!over()) relay_.Attach(client_);
  while (true) {
    if (const auto waited = co_await changed_.Wait(); !waited.ok()) break;
    if (origin_closed_.has_value()) {
      auto& out = context_.worker.output();
      out.Clear();
      const absl::Status why = *std::exchange(origin_closed_, std::nullopt);
      const bool handshaking = bridge_.origin_handshaking();
      bridge_.OriginClosed(why, {out.to_client, out.to_origin});
      relay_.Send(out);
      origin_.reset();
      if (handshaking && stream_ != nullptr) {
        stream_->connector.OriginFailed(ConnectOutcome::kFailed, why);
      }
    }
    if (std::exchange(origin_speaks_otherwise_, false) && !over()) {
      DropOrigin();
      stream_->connector.OriginFailed(
          ConnectOutcome::kFailed,
          OriginFailure(absl::StatusCode::kInvalidArgument, "its handshake is not RTMP's"));
    }
    if (bridge_.state() == State::kSelecting && !over()) co_await FindOrigin();
    if (over()) break;
    relay_.SetDelivery(bridge_.state() == State::kRelaying ? net::Poller::Delivery::kCoalescing
                                                           : net::Poller::Delivery::kImmediate);
    relay_.Resume();
  }
  deadline_.Disarm();
  co_await net::DisableCancellation();
  ReportEnd();
  co_await CloseConnections(context_, relay_, client_, origin_.get());
}

// ---- Events

void RtmpSession::OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) {
  const rtmp::Bridge::Output to{out.to_client, out.to_origin};
  uint64_t received = 0;
  const bool handshaking = bridge_.origin_handshaking();
  if (from == Side::kClient) {
    client_sent_ = true;
    received = in.size();
    bridge_.FromClient(in, to);
  } else {
    bridge_.FromOrigin(in, to);
  }
  if (handshaking && !bridge_.origin_handshaking()) OnOriginHandshake();
  unclaimed_in_ += received;
  unclaimed_out_ += out.to_client.total_bytes();
  if (stream_ == nullptr) return;
  ClaimBytes();
  StreamSession& session = stream_->session;
  if (!session.info().media_flows && bridge_.media_seen()) session.OnFirstMedia(accepted_);
}

void RtmpSession::OnOriginHandshake() {
  if (bridge_.state() == State::kAwaitingOrigin) {
    ArmDeadline(kCommandTimeouts * config_->handshake_timeout, Side::kOrigin, "its answer");
  } else if (bridge_.state() == State::kSelecting && bridge_.redirect().empty()) {
    // The relay is not to be called from within its handler.
    origin_speaks_otherwise_ = true;
    changed_.Notify();
  }
}

void RtmpSession::OnClosed(Side side, absl::Status why) {
  if (side == Side::kClient) {
    const Side fault = why.ok() ? Side::kClient : SideOf(why);
    return scope_.Cancel(fault, std::move(why));
  }
  origin_closed_ = std::move(why);
  changed_.Notify();
}

size_t RtmpSession::ReadCapacity(Side side) const {
  if (over()) return 0;
  return side == Side::kClient ? bridge_.ClientReadCapacity() : SIZE_MAX;
}

void RtmpSession::OnBridgeState(State before, State now) {
  phase_ = before;
  const absl::Duration handshake_timeout = config_->handshake_timeout;
  switch (now) {
    case State::kHandshake:
      break;
    case State::kAwaitingRequest:
      context_.metrics.handshake.Observe(Protocol::kRtmp, Side::kClient,
                                         absl::FromChrono(context_.clock.Now() - accepted_));
      ArmDeadline(kCommandTimeouts * handshake_timeout, Side::kClient, "publish or play");
      break;
    case State::kSelecting:
      deadline_.Disarm();
      if (before != State::kAwaitingOrigin) BeginStream();
      break;
    case State::kAwaitingOrigin:
      ArmDeadline(handshake_timeout, Side::kOrigin, "the handshake");
      break;
    case State::kRelaying:
      deadline_.Disarm();
      stream_->session.PublisherAccepted();
      break;
    case State::kIdle:
      ArmDeadline(kIdleTimeout, Side::kClient, "another stream");
      FinishStream(Side::kClient, absl::OkStatus());
      break;
    case State::kEnded:
      scope_.Cancel(bridge_.status().ok() ? Side::kOrigin : SideOf(bridge_.status()),
                    bridge_.status());
      break;
  }
  changed_.Notify();
}

void RtmpSession::Kick(absl::Status why) { scope_.Cancel(Side::kProxy, std::move(why)); }

void RtmpSession::ArmDeadline(absl::Duration timeout, Side side, std::string_view what) {
  deadline_.Arm(timeout, [this, side, what] { OnDeadline(side, what); });
}

void RtmpSession::OnDeadline(Side side, std::string_view what) {
  const absl::Status why =
      Failure(side, absl::StatusCode::kDeadlineExceeded,
              "the " + std::string(ToName(side)) + " took too long for " + std::string(what));
  if (side == Side::kClient) return scope_.Cancel(side, why);
  if (bridge_.origin_handshaking()) {
    relay_.Release(Side::kOrigin);
    OnClosed(Side::kOrigin, why);
  } else {
    Refuse(why);
  }
}

// ---- The origin

net::Task<void> RtmpSession::FindOrigin() {
  StreamSession& session = stream_->session;
  session.Release();
  auto connected = co_await stream_->connector.Connect(session.Wanted());
  if (over()) co_return;
  if (!connected.ok()) co_return Refuse(connected.status());
  session.Hold(std::move(connected->placement.lease));
  if (connected->stream.has_value()) co_return Connected(*std::move(connected->stream));
  auto& out = context_.worker.output();
  out.Clear();
  bridge_.Continue({out.to_client, out.to_origin});
  relay_.Send(out);
}

absl::StatusOr<std::optional<Endpoint>> RtmpSession::Choose(const Placement& placement) {
  stream_->session.Picked(*placement.origin);
  Endpoint target = placement.endpoint;
  const bool connected = origin_ != nullptr && !origin_closed_.has_value();
  if (!bridge_.redirect().empty()) {
    if (stream_->redirects >= kMaxRedirects) return RedirectFailure("too often");
    const auto origins = upstream_.origins.snapshot();
    auto redirected = RedirectTarget(bridge_.redirect(), *origins);
    if (!redirected.ok()) return redirected.status();
    target = *std::move(redirected);
  } else if (connected && origin_id_ == placement.origin->id) {
    return std::nullopt;
  }
  DropOrigin();
  origin_id_ = placement.origin->id;
  return target;
}

void RtmpSession::Connected(net::TcpStream origin) {
  if (!bridge_.redirect().empty()) ++stream_->redirects;
  origin_ = std::make_unique<net::TcpStream>(std::move(origin));
  const bool tell_ip = config_->rtmp_real_ip == RtmpRealIp::kF3;
  auto& out = context_.worker.output();
  out.Clear();
  auto seed = NewSeed(context_.clock.Now(), needs_.random);
  seed.hops = upstream_.hop_guard.Onward(bridge_.hops());
  bridge_.Connected(seed, tell_ip ? client_ipv4_ : std::nullopt, {out.to_client, out.to_origin});
  relay_.Attach(*origin_);
  relay_.Send(out);
}

void RtmpSession::Refuse(const absl::Status& why) {
  if (stream_ != nullptr) stream_->session.Refused();
  auto& out = context_.worker.output();
  out.Clear();
  bridge_.Refuse(why, {out.to_client, out.to_origin});
  relay_.Send(out);
}

void RtmpSession::DropOrigin() {
  relay_.Release(Side::kOrigin);
  origin_.reset();
  origin_closed_.reset();
}

// ---- The end

void RtmpSession::ReportEnd() {
  const auto& [side, why] = scope_.cause();
  // The lease first, so that whoever comes back is placed anew.
  if (stream_ != nullptr) {
    FinishStream(side, why);
  } else {
    LogUnnamedConnection(context_.logger,
                         {.client = client_address_,
                          .bytes_in = unclaimed_in_,
                          .bytes_out = unclaimed_out_,
                          .lasted = absl::FromChrono(context_.clock.Now() - accepted_),
                          .silent = !client_sent_},
                         side, why);
  }
  if (side == Side::kClient) {
    const bool left_in_handshake = client_sent_ && bridge_.state() == State::kHandshake;
    const auto error = ClientErrorOf(why, phase_, left_in_handshake);
    if (error.has_value()) {
      context_.metrics.client_errors.Increment(ToName(Protocol::kRtmp), *error);
    }
  }
}

void RtmpSession::BeginStream() {
  auto lost = [this](const absl::Status& why) {
    if (!over()) Refuse(why);
  };
  auto choose = [this](const Placement& placement) { return Choose(placement); };
  stream_.reset(new Stream{
      .session{context_, Protocol::kRtmp, bridge_.role(), bridge_.key(), client_address_,
               std::move(lost)},
      .connector{upstream_, config_, client_address_, bridge_.hops(), std::move(choose)}});
  place_.List();
}

void RtmpSession::FinishStream(Side side, const absl::Status& why) {
  place_.Unlist();
  stream_->session.Finish(side, why);
  stream_.reset();
}

void RtmpSession::ClaimBytes() {
  stream_->session.AddBytes(std::exchange(unclaimed_in_, 0), std::exchange(unclaimed_out_, 0));
}

}  // namespace srsproxy
