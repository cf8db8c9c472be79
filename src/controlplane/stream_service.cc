#include "controlplane/stream_service.h"

#include <algorithm>
#include <string>

#include "controlplane/call_status.h"
#include "controlplane/convert.h"
#include "controlplane/page.h"

namespace srsproxy::control {
namespace {

// How many mappings one filtered ListStreams looks at before it answers a short page.
constexpr size_t kMaxScanned = 10'000;

}  // namespace

grpc::ServerUnaryReactor* StreamService::LookupStream(grpc::CallbackServerContext* context,
                                                      const v1::LookupStreamRequest* request,
                                                      v1::LookupStreamResponse* response) {
  return Serve(observer_, "srsproxy.v1.StreamService/LookupStream", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Lookup(wanted); });
}

grpc::ServerUnaryReactor* StreamService::ListStreams(grpc::CallbackServerContext* context,
                                                     const v1::ListStreamsRequest* request,
                                                     v1::ListStreamsResponse* response) {
  return Serve(observer_, "srsproxy.v1.StreamService/ListStreams", context, request, response,
               [this](const auto& wanted, const CallContext&) { return List(wanted); });
}

absl::StatusOr<v1::LookupStreamResponse> StreamService::Lookup(
    const v1::LookupStreamRequest& request) const {
  if (request.stream().empty()) return InvalidField("stream", "is needed");
  PickRequest pick;
  auto key = StreamKeyFromText(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) {
    return WithReason(key.status(), v1::ERROR_REASON_INVALID_STREAM_NAME,
                      {{"stream", request.stream()}});
  }
  pick.key = *std::move(key);
  const auto protocol = FromProto(request.protocol());
  if (!protocol.ok()) return protocol.status();
  pick.protocol = *protocol;
  const auto role = FromProto(request.role());
  if (!role.ok()) return role.status();
  pick.role = *role;

  v1::LookupStreamResponse response;
  response.set_key(pick.key.ToString());
  if (const auto mapping = streams_.Find(pick.key)) *response.mutable_stream() = ToProto(*mapping);
  *response.mutable_pick() = ToProto(balancer_.Explain(pick));
  return response;
}

absl::StatusOr<v1::ListStreamsResponse> StreamService::List(
    const v1::ListStreamsRequest& request) const {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();

  v1::ListStreamsResponse response;
  std::string after = page->after;
  size_t scanned = 0;
  bool more = true;
  while (more && scanned < kMaxScanned) {
    const size_t wanted = page->size - static_cast<size_t>(response.streams_size());
    if (wanted == 0) break;
    const auto found = streams_.List(after, wanted);
    for (const auto& mapping : found.mappings) {
      if (request.origin_id().empty() || mapping.origin_id == request.origin_id()) {
        *response.add_streams() = ToProto(mapping);
      }
    }
    scanned += std::max<size_t>(found.mappings.size(), 1);
    after = found.next;
    more = !after.empty();
  }
  if (more) response.set_next_page_token(MakePageToken(after));
  return response;
}

}  // namespace srsproxy::control
