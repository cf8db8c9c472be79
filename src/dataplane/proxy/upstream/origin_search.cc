#include "dataplane/proxy/upstream/origin_search.h"

#include <utility>

#include "dataplane/proxy/upstream/pick_origin.h"

namespace srsproxy {

OriginSearch::OriginSearch(const UpstreamNeeds& upstream, std::shared_ptr<const Config> config,
                           std::string client, const HopList& hops)
    : upstream_(upstream),
      context_(upstream.context),
      config_(std::move(config)),
      client_(std::move(client)),
      hops_(hops) {}

net::Task<absl::StatusOr<Placement>> OriginSearch::Pick(PickRequest request,
                                                        std::function<void()>& cancel) {
  if (auto looped = upstream_.hop_guard.Check(hops_, client_); !looped.ok()) co_return looped;
  request.excluded = tried_;
  const Protocol protocol = request.protocol;
  const MonotonicTime asked = context_.clock.Now();
  auto placement =
      co_await PickOrigin(context_.executor(), upstream_.balancer, upstream_.origins,
                          context_.clock, upstream_.proxy_started, std::move(request), cancel);
  context_.metrics.ObservePick(absl::FromChrono(context_.clock.Now() - asked));
  if (!placement.ok()) {
    if (absl::IsResourceExhausted(placement.status())) {
      context_.metrics.CountLimitRejection(LimitReason::kMaxStreams);
    }
    // Other origins there are none: what was wrong with the one that was tried says more.
    if (!failure_.ok()) co_return failure_;
    co_return placement;
  }
  server_ = placement->origin->registration.server;
  origin_id_ = placement->origin->id;
  // Each request of HLS picks: where the stream stays, nothing is assigned.
  if (protocol != Protocol::kHls || placement->reason != PickReason::kMapped) {
    context_.metrics.CountStreamAssignment(placement->strategy, placement->reason);
  }
  co_return placement;
}

net::Task<absl::StatusOr<net::TcpStream>> OriginSearch::Dial(const Endpoint& target,
                                                             net::Dialer*& dialing) {
  const MonotonicTime began = context_.clock.Now();
  net::Dialer dialer(context_.executor(), upstream_.dial_rules);
  dialing = &dialer;
  auto dialled = co_await dialer.Dial(target.host, target.port, config_->connect_timeout);
  dialing = nullptr;
  if (absl::IsCancelled(dialled.socket.status())) co_return dialled.socket.status();
  if (!dialled.socket.ok()) {
    OriginFailed(dialled.outcome, dialled.socket.status());
    co_return dialled.socket.status();
  }
  upstream_.balancer.ReportConnect(origin_id_, ConnectOutcome::kOk);
  context_.metrics.ObserveOriginConnect(absl::FromChrono(context_.clock.Now() - began));
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(config_->write_timeout);
  co_return stream;
}

absl::Status OriginSearch::failure() const {
  if (!failure_.ok()) return failure_;
  return ProxyFailure(absl::StatusCode::kUnavailable, "no origin was tried");
}

void OriginSearch::OriginFailed(ConnectOutcome outcome, const absl::Status& why) {
  upstream_.balancer.ReportConnect(origin_id_, outcome);
  context_.metrics.CountOriginFailure(server_, outcome);
  const std::string_view error = why.ok() ? "it closed during the handshake" : MessageOf(why);
  context_.logger.Warn("origin not reached",
                       {{"client", client_}, {"origin", origin_id_}, {"error", error}});
  tried_.push_back(origin_id_);
  // The client is told no address of the inside.
  if (IsLoop(why)) {
    failure_ = LoopFailure(Side::kOrigin,
                           "a loop: the stream's origin is registered at an address of this proxy");
    return;
  }
  const bool forbidden = outcome == ConnectOutcome::kForbidden;
  const auto code = why.ok() || forbidden ? absl::StatusCode::kUnavailable : why.code();
  failure_ = OriginFailure(code, "the stream's origin could not be reached");
}

}  // namespace srsproxy
