#include "controlplane/services/origin_describer.h"

#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"

namespace srsproxy::control {

v1::Origin OriginDescriber::Describe(const Origin& origin) const {
  auto message = ToProto(origin);
  message.set_streams(static_cast<int64_t>(streams_.CountsOf(origin.id).in_use));
  if (const auto& drain = origin.overrides.drain) {
    *message.mutable_drain() = ProgressOf(origin.registration.server, *drain);
  }
  return message;
}

v1::DrainProgress OriginDescriber::ProgressOf(const std::string& server,
                                              const OriginDrain& drain) const {
  v1::DrainProgress progress;
  *progress.mutable_start_time() = ToProto(drain.started_at);
  if (drain.deadline != absl::InfiniteFuture()) {
    *progress.mutable_deadline_time() = ToProto(drain.deadline);
  }
  const auto counts = migrations_.CountsOf(server);
  progress.set_streams_left(static_cast<int64_t>(counts.streams_left));
  progress.set_publishers_left(static_cast<int64_t>(counts.publishers_left));
  progress.set_streams_moved(static_cast<int64_t>(counts.streams_moved));
  progress.set_streams_stuck(static_cast<int64_t>(counts.streams_stuck));
  return progress;
}

}  // namespace srsproxy::control
