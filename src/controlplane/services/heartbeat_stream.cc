#include "controlplane/services/heartbeat_stream.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/unknown_method_handler.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::control {
namespace {

// For an answer to be taken; then once more, for the status.
constexpr absl::Duration kPatience = absl::Seconds(30);

absl::Status IdleStream(std::string_view what, absl::Duration limit) {
  return CallError(
      absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_IDLE_STREAM,
      absl::StrCat(ToAbsl(what), " for ", absl::FormatDuration(limit), "; open another"));
}

}  // namespace

HeartbeatStream::HeartbeatStream(ServedCall call, Heartbeats& heartbeats, const Clock& clock,
                                 grpc::CallbackServerContext& context,
                                 std::function<void(HeartbeatStream*)> done)
    : call_(std::move(call)),
      heartbeats_(heartbeats),
      clock_(clock),
      done_(std::move(done)),
      context_(&context),
      heard_(clock.Now()),
      said_(heard_) {}

void HeartbeatStream::Start() {
  const std::lock_guard lock(mutex_);
  if (!ended_) StartRead(&request_);
}

void HeartbeatStream::EndIfSilent(absl::Duration limit) {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.Now();
  const bool stuck = absl::FromChrono(now - said_) >= kPatience;
  if (ended_) {
    if (stuck && context_ != nullptr) context_->TryCancel();
  } else if (writing_ && stuck) {
    Finish(IdleStream("no answer was taken from this stream", kPatience));
  } else if (absl::FromChrono(now - heard_) >= limit) {
    Finish(IdleStream("no heartbeat came on this stream", limit));
  }
}

void HeartbeatStream::End(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_) Finish(why);
}

void HeartbeatStream::OnReadDone(bool ok) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) {
    Finish(absl::OkStatus());  // The client sends no more.
    return;
  }
  heard_ = clock_.Now();
  if (const auto status = Answer(); !status.ok()) {
    Finish(status);
    return;
  }
  writing_ = true;
  said_ = heard_;
  StartWrite(&response_);
}

void HeartbeatStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (ended_) return;
  if (!ok) {
    Finish(absl::CancelledError("the client has gone"));
    return;
  }
  StartRead(&request_);
}

void HeartbeatStream::OnCancel() { End(absl::CancelledError("the client has gone")); }

void HeartbeatStream::OnDone() {
  {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }
  const auto done = std::exchange(done_, nullptr);
  done(this);  // Destroys it.
}

absl::Status HeartbeatStream::Answer() {
  v1::HeartbeatStreamRequest request;
  using Requests = grpc::SerializationTraits<v1::HeartbeatStreamRequest>;
  if (!Requests::Deserialize(&request_, &request).ok()) return UnreadableMessage();
  const auto response = heartbeats_.Answer(request);
  if (!response.ok()) return response.status();
  using Responses = grpc::SerializationTraits<v1::HeartbeatStreamResponse>;
  bool owned = false;
  response_.Clear();
  return FromGrpc(Responses::Serialize(*response, &response_, &owned));
}

void HeartbeatStream::Finish(const absl::Status& why) {
  ended_ = true;
  said_ = clock_.Now();
  ServerBidiReactor::Finish(call_.End(why));
}

}  // namespace srsproxy::control
