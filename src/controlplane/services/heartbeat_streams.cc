#include "controlplane/services/heartbeat_streams.h"

#include <chrono>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

constexpr auto kPause = std::chrono::seconds(1);

absl::Status Stopping() {
  return CallError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UNAVAILABLE,
                   "this proxy stops; open the stream at another, or again in a while");
}

}  // namespace

HeartbeatStreams::HeartbeatStreams(Heartbeats& heartbeats, const OriginRegistry& origins,
                                   const CallObserver& observer, size_t max_streams)
    : heartbeats_(heartbeats),
      origins_(origins),
      observer_(observer),
      max_streams_(max_streams),
      watchman_([this](const std::stop_token& stop) { EndSilentOnes(stop); }) {}

HeartbeatStreams::~HeartbeatStreams() = default;

HeartbeatStream* HeartbeatStreams::Open(grpc::CallbackServerContext& context) {
  ServedCall call(observer_, "srsproxy.v1.OriginService/HeartbeatStream", context, nullptr);
  absl::Status admitted = call.admitted();
  const auto stream =
      std::make_shared<HeartbeatStream>(std::move(call), heartbeats_, observer_.clock, context,
                                        [this](HeartbeatStream* ended) { Forget(ended); });
  {
    const std::lock_guard lock(mutex_);
    if (admitted.ok()) admitted = Admit();
    streams_.emplace(stream.get(), stream);
  }
  if (admitted.ok()) {
    stream->Start();
  } else {
    stream->End(admitted);
  }
  return stream.get();
}

void HeartbeatStreams::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  for (const auto& stream : Running()) stream->End(Stopping());
}

absl::Status HeartbeatStreams::Admit() const {
  if (stopped_) return Stopping();
  if (streams_.size() < max_streams_) return absl::OkStatus();
  return CallError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("this proxy serves at most ", max_streams_,
                                " heartbeat streams: send the heartbeats of many origins on one, "
                                "or unary ones"));
}

void HeartbeatStreams::Forget(HeartbeatStream* stream) {
  std::shared_ptr<HeartbeatStream> ended;  // Destroyed without the lock.
  const std::lock_guard lock(mutex_);
  const auto at = streams_.find(stream);
  ended = std::move(at->second);
  streams_.erase(at);
}

std::vector<std::shared_ptr<HeartbeatStream>> HeartbeatStreams::Running() const {
  std::vector<std::shared_ptr<HeartbeatStream>> running;
  const std::lock_guard lock(mutex_);
  running.reserve(streams_.size());
  for (const auto& [stream, kept] : streams_) running.push_back(kept);
  return running;
}

void HeartbeatStreams::EndSilentOnes(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!pause_.wait_for(lock, stop, kPause, [&stop] { return stop.stop_requested(); })) {
    lock.unlock();
    const absl::Duration ttl = origins_.ttl();
    for (const auto& stream : Running()) stream->EndIfSilent(ttl);
    lock.lock();
  }
}

}  // namespace srsproxy::control
