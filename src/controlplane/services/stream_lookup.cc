#include "controlplane/services/stream_lookup.h"

#include "controlplane/call_status.h"
#include "controlplane/services/stream_convert.h"

namespace srsproxy::control {

absl::StatusOr<StreamKey> StreamKeyOf(const std::string& text, const VhostPolicy& vhosts) {
  if (text.empty()) return InvalidField("stream", "is needed");
  auto key = StreamKeyFromText(text, vhosts);
  if (key.ok()) return key;
  return WithReason(key.status(), v1::ERROR_REASON_INVALID_STREAM_NAME, {{"stream", text}});
}

v1::Stream DescribeStream(const StreamView& streams, const StreamMapping& mapping) {
  v1::Stream message = ToProto(mapping);
  if (const auto server = streams.PinnedServer(mapping.key)) message.set_pinned_server(*server);
  return message;
}

}  // namespace srsproxy::control
