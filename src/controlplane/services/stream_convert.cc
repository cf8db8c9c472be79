#include "controlplane/services/stream_convert.h"

#include "controlplane/services/convert.h"
#include "controlplane/services/enum_convert.h"

namespace srsproxy::control {

v1::Pin ToProto(const StreamPin& pin) {
  v1::Pin message;
  message.set_key(pin.key.ToString());
  message.set_server(pin.server);
  return message;
}

v1::Stream ToProto(const StreamMapping& mapping) {
  v1::Stream message;
  message.set_key(mapping.key.ToString());
  message.set_origin_id(mapping.origin_id);
  message.set_version(mapping.version);
  message.set_provisional(mapping.provisional);
  message.set_publisher_live(mapping.publisher_live);
  message.set_publishers(mapping.publishers);
  message.set_viewers(mapping.viewers);
  *message.mutable_claim_time() = ToProto(mapping.claimed_at);
  if (mapping.pending.has_value()) {
    auto& pending = *message.mutable_pending_move();
    pending.set_origin_id(mapping.pending->origin_id);
    if (mapping.pending->deadline != absl::InfiniteFuture()) {
      *pending.mutable_deadline_time() = ToProto(mapping.pending->deadline);
    }
  }
  return message;
}

v1::Session ToProto(const SessionInfo& session) {
  v1::Session message;
  message.set_id(session.id);
  message.set_protocol(EnumToProto(session.protocol));
  message.set_role(EnumToProto(session.role));
  message.set_stream(session.key.ToString());
  message.set_origin_id(session.origin_id);
  message.set_client(session.client);
  *message.mutable_start_time() = ToProto(session.started_at);
  message.set_bytes_in(session.bytes_in);
  message.set_bytes_out(session.bytes_out);
  message.set_media_flows(session.media_flows);
  return message;
}

v1::PickExplanation ToProto(const PickExplanation& explanation) {
  v1::PickExplanation message;
  message.set_origin_id(explanation.origin_id);
  if (!explanation.origin_id.empty()) message.set_reason(EnumToProto(explanation.reason));
  message.mutable_steps()->Assign(explanation.steps.begin(), explanation.steps.end());
  return message;
}

}  // namespace srsproxy::control
