#include "dataplane/proxy/stream_use.h"

#include <utility>

#include "dataplane/core/session.h"
#include "dataplane/proxy/pick_origin.h"

namespace srsproxy {

StreamUse::StreamUse(SessionServices& services, std::shared_ptr<const Config> config,
                     Protocol protocol, Role role, StreamKey key, std::string client)
    : services_(services), config_(std::move(config)), started_(services.clock.Now()) {
  info_.id = NewSessionId();
  info_.protocol = protocol;
  info_.role = role;
  info_.key = std::move(key);
  info_.client = std::move(client);
  info_.started_at = services.clock.WallNow();
  services.worker_metrics.SessionStarted(protocol, role);
}

net::Task<absl::StatusOr<Placement>> StreamUse::Pick(std::function<void()>& cancel) {
  lease_.reset();
  PickRequest request{info_.key, info_.protocol, info_.role, tried_};
  const MonotonicTime asked = services_.clock.Now();
  auto placement = co_await PickOrigin(services_.worker.io().get_executor(), services_.balancer,
                                       services_.origins, services_.clock, services_.started,
                                       std::move(request), cancel);
  services_.metrics.ObservePick(absl::FromChrono(services_.clock.Now() - asked));
  if (!placement.ok()) {
    if (absl::IsResourceExhausted(placement.status())) {
      services_.metrics.CountLimitRejection(LimitReason::kMaxStreams);
    }
    // Other origins there are none: what was wrong with the one that was tried says more.
    if (!failure_.ok()) co_return failure_;
    co_return placement;
  }
  lease_ = std::move(placement->lease);
  origin_ = placement->origin->registration.server;
  info_.origin_id = placement->origin->id;
  services_.metrics.CountStreamAssignment(placement->strategy, placement->reason);
  co_return placement;
}

net::Task<absl::StatusOr<net::TcpStream>> StreamUse::Dial(const Endpoint& target,
                                                          net::Dialer*& dialing) {
  const MonotonicTime began = services_.clock.Now();
  net::Dialer dialer(services_.worker.io().get_executor());
  dialing = &dialer;
  auto dialled = co_await dialer.Dial(target.host, target.port, config_->connect_timeout);
  dialing = nullptr;
  if (absl::IsCancelled(dialled.socket.status())) co_return dialled.socket.status();
  if (!dialled.socket.ok()) {
    OriginFailed(dialled.outcome, dialled.socket.status());
    co_return dialled.socket.status();
  }
  services_.balancer.ReportConnect(info_.origin_id, ConnectOutcome::kOk);
  services_.metrics.ObserveOriginConnect(absl::FromChrono(services_.clock.Now() - began));
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(config_->write_timeout);
  co_return stream;
}

void StreamUse::OriginFailed(ConnectOutcome outcome, const absl::Status& why) {
  services_.balancer.ReportConnect(info_.origin_id, outcome);
  services_.metrics.CountOriginFailure(origin_, outcome);
  services_.logger.Warn(
      "origin not reached",
      {{"session", info_.id}, {"origin", info_.origin_id}, {"error", MessageOf(why)}});
  tried_.push_back(info_.origin_id);
  // The client is told no address of the inside.
  const auto code = why.ok() ? absl::StatusCode::kUnavailable : why.code();
  failure_ = OriginFailure(code, "the stream's origin could not be reached");
}

void StreamUse::Refused() {
  if (lease_ != nullptr) lease_->Refused();
}

void StreamUse::PublisherAccepted() {
  if (info_.role == Role::kPublisher && lease_ != nullptr) lease_->MediaFlows();
}

void StreamUse::MediaFlows(MonotonicTime since) {
  info_.media_flows = true;
  if (info_.role == Role::kViewer && lease_ != nullptr) lease_->MediaFlows();
  services_.metrics.ObserveFirstByte(info_.protocol, info_.role,
                                     absl::FromChrono(services_.clock.Now() - since));
}

void StreamUse::AddBytes(uint64_t in, uint64_t out) {
  info_.bytes_in += in;
  info_.bytes_out += out;
  services_.worker_metrics.AddBytes(info_.protocol, info_.role, Direction::kIn, in);
  services_.worker_metrics.AddBytes(info_.protocol, info_.role, Direction::kOut, out);
}

void StreamUse::Finish(Side side, const absl::Status& why) {
  // The lease first, so that whoever comes back is placed anew.
  lease_.reset();
  const SessionEnd end{.id = info_.id,
                       .protocol = info_.protocol,
                       .role = info_.role,
                       .stream = info_.key.stream.empty() ? "" : info_.key.ToString(),
                       .origin = origin_,
                       .client = info_.client,
                       .bytes_in = info_.bytes_in,
                       .bytes_out = info_.bytes_out,
                       .duration = absl::FromChrono(services_.clock.Now() - started_),
                       .side = side,
                       .reason = EndReasonOf(why),
                       .message = std::string(MessageOf(why))};
  services_.worker_metrics.SessionEnded(end);
  services_.metrics.ObserveSessionDuration(end.protocol, end.role, end.duration);
  LogSessionEnd(services_.logger, end);
}

}  // namespace srsproxy
