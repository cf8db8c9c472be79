#include "controlplane/services/event_filter.h"

#include <string>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/enum_convert.h"
#include "controlplane/services/stream_lookup.h"

namespace srsproxy::control {
absl::StatusOr<EventFilter> EventFilter::Of(const v1::WatchRequest& request,
                                            const VhostPolicy& vhosts) {
  EventFilter filter;
  if (!request.kinds().empty()) filter.kinds_.reset();
  for (int i = 0; i < request.kinds_size(); ++i) {
    const auto kind = EnumFromProto<LoggedEvent::Kind>(request.kinds(i));
    if (!kind) return InvalidField("kinds[" + std::to_string(i) + "]", "is no known kind");
    filter.kinds_.set(static_cast<size_t>(*kind));
  }
  if (auto status = filter.SetStream(request.stream(), vhosts); !status.ok()) return status;
  if (!request.origin_id().empty()) filter.SetOrigins({request.origin_id()});
  return filter;
}

absl::Status EventFilter::SetStream(const std::string& text, const VhostPolicy& vhosts) {
  if (text.empty()) return absl::OkStatus();
  auto key = StreamKeyOf(text, vhosts);
  if (!key.ok()) return key.status();
  stream_ = *std::move(key);
  return absl::OkStatus();
}

bool EventFilter::WantsOrigin(const std::string& origin_id) const {
  return !origin_ids_ || origin_ids_->contains(origin_id);
}

bool EventFilter::Matches(const LoggedEvent& event) const {
  if (!WantsKind(event.kind)) return false;
  if (event.origin != nullptr) return !stream_ && WantsOrigin(event.origin->id);
  if (stream_ && event.stream->key != *stream_) return false;
  return WantsOrigin(event.stream->origin_id) ||
         (!event.former_origin_id.empty() && WantsOrigin(event.former_origin_id));
}

}  // namespace srsproxy::control
