#include "controlplane/heartbeat_stream.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"

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
  auto response = heartbeats_.Answer(request_);
  if (!response.ok()) {
    Finish(response.status());
    return;
  }
  response_ = *std::move(response);
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

void HeartbeatStream::Finish(const absl::Status& why) {
  ended_ = true;
  ServerBidiReactor::Finish(call_.End(why));
}

}  // namespace srsproxy::control
