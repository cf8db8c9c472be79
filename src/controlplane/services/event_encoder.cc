#include "controlplane/services/event_encoder.h"

#include <utility>

#include "controlplane/services/convert.h"
#include "controlplane/services/enum_convert.h"
#include "controlplane/services/origin_convert.h"
#include "controlplane/services/stream_convert.h"
#include "srsproxy/v1/event_service.pb.h"

namespace srsproxy::control {
namespace {

constexpr size_t kKept = 1'024;

}  // namespace

EventEncoder::EventEncoder(std::string proxy_id) : proxy_id_(std::move(proxy_id)), latest_(kKept) {}

v1::Event EventEncoder::ToProto(const LoggedEvent& event) const {
  v1::Event message;
  message.set_kind(EnumToProto(event.kind));
  message.set_sequence(event.sequence);
  *message.mutable_time() = control::ToProto(event.time);
  message.set_message(event.reason);
  message.set_proxy_id(proxy_id_);
  message.set_former_origin_id(event.former_origin_id);
  if (event.origin != nullptr) *message.mutable_origin() = control::ToProto(*event.origin);
  if (event.stream) *message.mutable_stream() = control::ToProto(*event.stream);
  return message;
}

grpc::Slice EventEncoder::Encode(const LoggedEvent& event) {
  const size_t place = event.sequence % kKept;
  {
    const std::lock_guard lock(mutex_);
    if (latest_[place].sequence == event.sequence) return latest_[place].bytes;
  }
  v1::WatchResponse response;
  *response.add_events() = ToProto(event);
  const grpc::Slice bytes(response.SerializeAsString());
  const std::lock_guard lock(mutex_);
  if (latest_[place].sequence < event.sequence) latest_[place] = {event.sequence, bytes};
  return bytes;
}

}  // namespace srsproxy::control
