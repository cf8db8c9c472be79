#include "dataplane/proxy/upstream/connector.h"

#include <utility>

#include "dataplane/net/dial.h"
#include "dataplane/proxy/upstream/pick_origin.h"

namespace srsproxy {

Connector::Connector(const UpstreamNeeds& needs, std::shared_ptr<const Config> config,
                     std::string client, const HopList& hops, Choose choose)
    : needs_(needs),
      context_(needs.context),
      config_(std::move(config)),
      client_(std::move(client)),
      hops_(hops),
      choose_(std::move(choose)) {}

net::Task<absl::StatusOr<Connector::Connected>> Connector::Connect(PickRequest request, Pool pool) {
  while (may_try_another()) {
    auto placement = co_await Pick(request);
    if (!placement.ok()) co_return placement.status();
    const size_t tried = tried_.size();
    auto connected = co_await ConnectTo(*std::move(placement), pool);
    if (connected.ok() || tried_.size() == tried) co_return connected;
  }
  co_return failure();
}

net::Task<absl::StatusOr<Connector::Connected>> Connector::Reconnect(PickRequest request,
                                                                     Placement placement) {
  const size_t tried = tried_.size();
  auto connected = co_await ConnectTo(std::move(placement), Pool::kAvoid);
  if (connected.ok() || tried_.size() == tried) co_return connected;
  co_return co_await Connect(std::move(request));
}

net::Task<absl::StatusOr<Connector::Connected>> Connector::ConnectTo(Placement placement,
                                                                     Pool pool) {
  absl::StatusOr<std::optional<Endpoint>> target = placement.endpoint;
  if (choose_ != nullptr) target = choose_(placement);
  if (!target.ok()) co_return target.status();
  Connected connected{std::move(placement), std::nullopt};
  if (!target->has_value()) co_return connected;
  if (pool == Pool::kUse) {
    if (auto open = needs_.connections.Take(**target)) {
      connected.stream.emplace(*std::move(open));
      connected.pooled = true;
      co_return connected;
    }
  }
  auto dialled = co_await Dial(**target);
  if (!dialled.ok()) co_return dialled.status();
  connected.stream.emplace(*std::move(dialled));
  co_return connected;
}

net::Task<absl::StatusOr<Placement>> Connector::Pick(PickRequest request) {
  if (auto looped = needs_.hop_guard.Check(hops_, client_); !looped.ok()) co_return looped;
  request.excluded = tried_;
  const Protocol protocol = request.protocol;
  const MonotonicTime asked = context_.clock.Now();
  auto placement = co_await PickOrigin(needs_, std::move(request));
  context_.metrics.pick.Observe(absl::FromChrono(context_.clock.Now() - asked));
  if (!placement.ok()) {
    if (absl::IsResourceExhausted(placement.status())) {
      context_.metrics.limit_rejections.Increment(LimitReason::kMaxStreams);
    }
    // Other origins there are none: what was wrong with the one that was tried says more.
    const bool cancelled = absl::IsCancelled(placement.status());
    co_return failure_.ok() || cancelled ? placement.status() : failure_;
  }
  server_ = placement->origin->registration.server;
  origin_id_ = placement->origin->id;
  // Each request of HLS picks: where the stream stays, nothing is assigned.
  if (protocol != Protocol::kHls || placement->reason != PickReason::kMapped) {
    context_.metrics.stream_assignments.Increment(placement->strategy, placement->reason);
  }
  co_return placement;
}

net::Task<absl::StatusOr<net::TcpStream>> Connector::Dial(const Endpoint& target) {
  const MonotonicTime began = context_.clock.Now();
  auto dialled = co_await net::Dial(context_.executor(), needs_.dial_rules, target.host,
                                    target.port, config_->connect_timeout);
  if (absl::IsCancelled(dialled.socket.status())) co_return dialled.socket.status();
  if (!dialled.socket.ok()) {
    OriginFailed(dialled.outcome, dialled.socket.status());
    co_return failure();
  }
  needs_.balancer.ReportConnect(origin_id_, ConnectOutcome::kOk);
  context_.metrics.origin_connect.Observe(absl::FromChrono(context_.clock.Now() - began));
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(config_->write_timeout);
  co_return stream;
}

absl::Status Connector::failure() const {
  if (!failure_.ok()) return failure_;
  return ProxyFailure(absl::StatusCode::kUnavailable, "no origin was tried");
}

void Connector::OriginFailed(ConnectOutcome outcome, const absl::Status& why) {
  needs_.balancer.ReportConnect(origin_id_, outcome);
  context_.metrics.origins.CountFailure(server_, outcome);
  const std::string_view error = why.ok() ? "it closed during the handshake" : MessageOf(why);
  context_.logger.Warn("origin not reached",
                       {{"client", client_}, {"origin", origin_id_}, {"error", error}});
  tried_.push_back(origin_id_);
  // The client gets to know no address of the inside.
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
