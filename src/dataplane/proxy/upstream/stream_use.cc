#include "dataplane/proxy/upstream/stream_use.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "dataplane/core/session.h"
#include "dataplane/proxy/sessions/finish_session.h"

namespace srsproxy {

StreamUse::StreamUse(const UpstreamNeeds& upstream, std::shared_ptr<const Config> config,
                     Protocol protocol, Role role, StreamKey key, std::string client,
                     const HopList& hops, Lost lost)
    : upstream_(upstream),
      context_(upstream.context),
      started_(upstream.context.clock.Now()),
      search_(upstream, std::move(config), client, hops),
      lost_(std::move(lost)) {
  info_.id = NewSessionId();
  info_.protocol = protocol;
  info_.role = role;
  info_.key = std::move(key);
  info_.client = std::move(client);
  info_.started_at = upstream.context.clock.WallNow();
  upstream.context.counters.SessionStarted(protocol, role);
}

net::Task<absl::StatusOr<Placement>> StreamUse::Pick(std::function<void()>& cancel) {
  lease_.reset();
  PickRequest request{info_.key, info_.protocol, info_.role, {}};
  auto placement = co_await search_.Pick(std::move(request), cancel);
  if (!placement.ok()) co_return placement;
  lease_ = std::move(placement->lease);
  info_.origin_id = search_.origin_id();
  co_return placement;
}

net::Task<absl::StatusOr<net::TcpStream>> StreamUse::Dial(const Endpoint& target,
                                                          net::Dialer*& dialing) {
  return search_.Dial(target, dialing);
}

void StreamUse::OriginFailed(ConnectOutcome outcome, const absl::Status& why) {
  search_.OriginFailed(outcome, why);
}

void StreamUse::Refused() {
  if (lease_ != nullptr) lease_->Refused();
}

void StreamUse::PublisherAccepted() {
  if (info_.role == Role::kPublisher) MarkLive();
}

void StreamUse::MediaFlows(MonotonicTime since) {
  info_.media_flows = true;
  if (info_.role == Role::kViewer) MarkLive();
  context_.metrics.ObserveFirstByte(info_.protocol, info_.role,
                                    absl::FromChrono(context_.clock.Now() - since));
}

void StreamUse::MarkLive() {
  if (lease_ == nullptr) return;
  self_ = std::make_shared<StreamUse*>(this);
  // The store answers on any thread; it has answered everything before the workers go.
  const auto answered = [self = std::weak_ptr(self_),
                         executor = context_.executor()](const absl::Status& why) {
    if (!absl::IsAborted(why)) return;
    net::asio::post(executor, [self, why] {
      const auto use = self.lock();
      if (use != nullptr) (*use)->Lose(why);
    });
  };
  lease_->WhenLost(answered);
  lease_->MarkLive(answered);
}

void StreamUse::Lose(const absl::Status& why) {
  self_.reset();
  if (info_.role == Role::kPublisher) {
    context_.metrics.CountStickyViolation();
    context_.logger.Warn("a publisher is ended: its stream is on another origin",
                         {{"session", info_.id},
                          {"stream", info_.key.ToString()},
                          {"origin", info_.origin_id},
                          {"client", info_.client},
                          {"why", MessageOf(why)}});
  }
  lost_(why);
}

void StreamUse::AddBytes(uint64_t in, uint64_t out) {
  info_.bytes_in += in;
  info_.bytes_out += out;
  if (out > 0 && info_.media_flows && info_.role == Role::kViewer && lease_ != nullptr) {
    lease_->MediaPassed();
  }
  context_.counters.AddBytes(info_.protocol, info_.role, Direction::kIn, in);
  context_.counters.AddBytes(info_.protocol, info_.role, Direction::kOut, out);
}

void StreamUse::Finish(Side side, const absl::Status& why) {
  // The lease first, so that whoever comes back is placed anew.
  self_.reset();
  lease_.reset();
  FinishSession(info_, search_.server(), context_.clock.Now() - started_, side, why,
                {context_.logger, context_.metrics, context_.counters});
}

}  // namespace srsproxy
