#include "dataplane/directory/redis/managed_link.h"

#include <chrono>

#include <boost/asio/post.hpp>

#include "dataplane/core/random_seed.h"
#include "dataplane/net/time_left.h"
#include "dataplane/net/timeout.h"
#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

absl::Status Unavailable(std::string_view message) {
  return ProxyFailure(absl::StatusCode::kUnavailable, message);
}

// What a call is answered, whatever there is no connection for. One of its own: callers on other
// threads share no counter of references.
absl::Status AsLost(const absl::Status& why) {
  return ProxyFailure(
      absl::IsCancelled(why) ? absl::StatusCode::kCancelled : absl::StatusCode::kUnavailable,
      MessageOf(why));
}

// Errors after which another server has to be looked for, or this user cannot do what it has to.
bool EndsConnection(ErrorKind kind, bool is_script) {
  switch (kind) {
    case ErrorKind::kReadOnly:
    case ErrorKind::kMasterDown:
    case ErrorKind::kLoading:
    case ErrorKind::kCluster:
    case ErrorKind::kNoAuth:
      return true;
    case ErrorKind::kNoPermission:
    case ErrorKind::kUnknownCommand:
      return is_script;
    default:
      return false;
  }
}

}  // namespace

absl::Status ManagedLink::Cancelled() {
  return ProxyFailure(absl::StatusCode::kCancelled, "the connections to Redis are closed");
}

ManagedLink::ManagedLink(Policy policy, const Needs& needs)
    : policy_(policy),
      needs_(needs),
      locator_(needs.connector, needs.options),
      backoff_(needs.options.min_backoff, needs.options.max_backoff, RandomSeed()),
      report_(policy.name, policy.is_redis_up, needs.metrics, needs.logger),
      why_away_(Unavailable("Redis is not connected yet")),
      retry_(needs.connector.executor()) {}

void ManagedLink::Call(std::string_view op, Arguments command, Done done, absl::Duration deadline) {
  Enqueue(OpenCall::OfCommand(op, command), std::move(done), deadline);
}

void ManagedLink::Run(std::string_view script, Arguments keys, Arguments arguments, Done done,
                      absl::Duration deadline) {
  const Script* found = FindScript(script);
  if (found == nullptr) {
    return done(
        ProxyFailure(absl::StatusCode::kInternal, "there is no script " + std::string(script)));
  }
  Enqueue(OpenCall::OfScript(*found, keys, arguments), std::move(done), deadline);
}

absl::Duration ManagedLink::Silence() const {
  const MonotonicTime since = connection_ != nullptr ? connection_->silent_since() : silent_since_;
  return absl::FromChrono(std::chrono::steady_clock::now() - since);
}

const Script* ManagedLink::FindScript(std::string_view name) const {
  for (const Script& script : needs_.scripts) {
    if (script.name() == name) return &script;
  }
  return nullptr;
}

void ManagedLink::Enqueue(OpenCall call, Done done, absl::Duration timeout) {
  call.done = std::move(done);
  call.timeout = timeout;
  call.begun = std::chrono::steady_clock::now();
  const absl::Status admitted = Admit(call);
  if (!admitted.ok()) call.done(admitted);
}

absl::Status ManagedLink::Admit(OpenCall& call) {
  const size_t bytes = call.bytes.size();
  const std::lock_guard lock(mutex_);
  if (stopped_) return Cancelled();
  if (open_calls_ >= needs_.options.max_open_calls ||
      open_bytes_ + bytes > needs_.options.max_open_bytes) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted, kTooManyOpen);
  }
  ++open_calls_;
  open_bytes_ += bytes;
  inbox_.push_back(std::move(call));
  if (!std::exchange(inbox_posted_, true)) {
    asio::post(needs_.connector.executor(), [this] { TakeInbox(); });
  }
  return absl::OkStatus();
}

void ManagedLink::TakeInbox() {
  std::vector<OpenCall> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(inbox_);
    inbox_posted_ = false;
  }
  for (OpenCall& call : calls) {
    if (connection_ == nullptr) {
      Answer(call, AsLost(why_away_));
    } else {
      Send(std::move(call), false);
    }
  }
}

void ManagedLink::Send(OpenCall call, bool with_source) {
  const std::string bytes = call.Bytes(with_source);
  const absl::Duration timeout = call.timeout;
  auto take = [this, call = std::move(call), with_source](absl::StatusOr<Reply> reply) mutable {
    OnReply(std::move(call), with_source, std::move(reply));
  };
  connection_->Send(bytes, timeout, std::move(take));
}

void ManagedLink::OnReply(OpenCall call, bool with_source, absl::StatusOr<Reply> reply) {
  if (!reply.ok()) return Answer(call, AsLost(reply.status()));
  if (!reply->is_error()) return Answer(call, std::move(reply));
  const ErrorKind kind = ClassifyError(reply->error());
  const bool is_script = call.script != nullptr;
  if (kind == ErrorKind::kNoScript && is_script && !with_source && connection_ != nullptr) {
    return Send(std::move(call), true);
  }
  const absl::Status status = reply->ToStatus();
  Answer(call, status);
  if (EndsConnection(kind, is_script)) Drop(status);
}

void ManagedLink::Answer(OpenCall& call, absl::StatusOr<Reply> reply) {
  --open_calls_;
  open_bytes_ -= call.bytes.size();
  needs_.metrics.redis_command.Observe(
      call.op, absl::FromChrono(std::chrono::steady_clock::now() - call.begun));
  call.done(std::move(reply));
}

void ManagedLink::Drop(const absl::Status& why) {
  if (pausing_) return retry_.Notify();
  if (!running_ || !dropped_.ok()) return;
  dropped_ = why;
  if (connection_ != nullptr) return connection_->Fail(why);
  if (attempt_ != nullptr) attempt_->Fail(why);
}

}  // namespace srsproxy::redis
