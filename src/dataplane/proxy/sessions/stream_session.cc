#include "dataplane/proxy/sessions/stream_session.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "dataplane/core/session.h"
#include "dataplane/proxy/sessions/finish_session.h"

namespace srsproxy {

StreamSession::StreamSession(const SessionContext& context, Protocol protocol, Role role,
                             StreamKey key, std::string client, Lost lost)
    : context_(context), started_(context.clock.Now()), lost_(std::move(lost)) {
  info_.id = NewSessionId();
  info_.protocol = protocol;
  info_.role = role;
  info_.key = std::move(key);
  info_.client = std::move(client);
  info_.started_at = context.clock.WallNow();
  context.counters.SessionStarted(protocol, role);
}

void StreamSession::Picked(const Origin& origin) {
  info_.origin_id = origin.id;
  server_ = origin.registration.server;
}

void StreamSession::Refused() {
  if (lease_ != nullptr) lease_->Refused();
}

void StreamSession::PublisherAccepted() {
  if (info_.role == Role::kPublisher) MarkLive();
}

void StreamSession::OnFirstMedia(MonotonicTime since) {
  info_.media_flows = true;
  if (info_.role == Role::kViewer) MarkLive();
  context_.metrics.first_byte.Observe(info_.protocol, info_.role,
                                      absl::FromChrono(context_.clock.Now() - since));
}

void StreamSession::MarkLive() {
  if (lease_ == nullptr) return;
  self_ = std::make_shared<StreamSession*>(this);
  // The store answers on any thread; it has answered everything before the workers go.
  const auto answered = [self = std::weak_ptr(self_),
                         executor = context_.executor()](const absl::Status& why) {
    if (!absl::IsAborted(why)) return;
    net::asio::post(executor, [self, why] {
      const auto session = self.lock();
      if (session != nullptr) (*session)->Lose(why);
    });
  };
  lease_->WhenLost(answered);
  lease_->MarkLive(answered);
}

void StreamSession::Lose(const absl::Status& why) {
  self_.reset();
  if (info_.role == Role::kPublisher) {
    context_.metrics.sticky_violations.Increment();
    context_.logger.Warn("a publisher is ended: its stream is on another origin",
                         {{"session", info_.id},
                          {"stream", info_.key.ToString()},
                          {"origin", info_.origin_id},
                          {"client", info_.client},
                          {"why", MessageOf(why)}});
  }
  lost_(why);
}

void StreamSession::AddBytes(uint64_t in, uint64_t out) {
  info_.bytes_in += in;
  info_.bytes_out += out;
  if (out > 0 && info_.media_flows && info_.role == Role::kViewer && lease_ != nullptr) {
    lease_->MediaPassed();
  }
  context_.counters.AddBytes(info_.protocol, info_.role, Direction::kIn, in);
  context_.counters.AddBytes(info_.protocol, info_.role, Direction::kOut, out);
}

void StreamSession::Finish(Side side, const absl::Status& why) {
  // The lease first, so that whoever comes back is placed anew.
  self_.reset();
  lease_.reset();
  FinishSession(info_, server_, context_.clock.Now() - started_, side, why,
                {context_.logger, context_.metrics, context_.counters});
}

}  // namespace srsproxy
