#include "controlplane/heartbeat_stream.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/stray_calls.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::control {

HeartbeatStream::HeartbeatStream(ServedCall call, Heartbeats& heartbeats, const Clock& clock,
                                 std::function<void(HeartbeatStream*)> done)
    : call_(std::move(call)),
      heartbeats_(heartbeats),
      clock_(clock),
      done_(std::move(done)),
      heard_(clock.Now()) {}

void HeartbeatStream::Start() {
  const std::lock_guard lock(mutex_);
  if (!ended_) StartRead(&request_);
}

void HeartbeatStream::EndIfSilent(absl::Duration limit) {
  const std::lock_guard lock(mutex_);
  if (ended_ || absl::FromChrono(clock_.Now() - heard_) < limit) return;
  Finish(CallError(absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_IDLE_STREAM,
                   absl::StrCat("no heartbeat came on this stream for ",
                                absl::FormatDuration(limit), "; open another")));
}

void HeartbeatStream::End(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  if (!ended_) Finish(why);
}

void HeartbeatStream::OnReadDone(bool ok) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) {
    Finish(absl::OkStatus());  // The client has said that it sends no more.
    return;
  }
  heard_ = clock_.Now();
  if (const auto status = Answer(); !status.ok()) {
    Finish(status);
    return;
  }
  StartWrite(&response_);
}

void HeartbeatStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) {
    Finish(absl::CancelledError("the client has gone"));
    return;
  }
  StartRead(&request_);
}

void HeartbeatStream::OnCancel() { End(absl::CancelledError("the client has gone")); }

void HeartbeatStream::OnDone() {
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
  ServerBidiReactor::Finish(call_.End(why));
}

}  // namespace srsproxy::control
