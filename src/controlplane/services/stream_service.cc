#include "controlplane/services/stream_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/page.h"
#include "controlplane/services/stream_convert.h"
#include "controlplane/services/stream_lookup.h"

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

grpc::ServerUnaryReactor* StreamService::PinStream(grpc::CallbackServerContext* context,
                                                   const v1::PinStreamRequest* request,
                                                   v1::PinStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/PinStream", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Pin(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* StreamService::UnpinStream(grpc::CallbackServerContext* context,
                                                     const v1::UnpinStreamRequest* request,
                                                     v1::UnpinStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/UnpinStream", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Unpin(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* StreamService::ListPins(grpc::CallbackServerContext* context,
                                                  const v1::ListPinsRequest* request,
                                                  v1::ListPinsResponse* response) {
  return Serve(observer_, "srsproxy.v1.StreamService/ListPins", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Pins(wanted); });
}

grpc::ServerUnaryReactor* StreamService::ReleaseStream(grpc::CallbackServerContext* context,
                                                       const v1::ReleaseStreamRequest* request,
                                                       v1::ReleaseStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/ReleaseStream", context, request,
                    response, [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Release(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* StreamService::MoveStream(grpc::CallbackServerContext* context,
                                                    const v1::MoveStreamRequest* request,
                                                    v1::MoveStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/MoveStream", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      changes_.Move(wanted, call, std::move(done));
                    });
}

absl::StatusOr<v1::LookupStreamResponse> StreamService::Lookup(
    const v1::LookupStreamRequest& request) const {
  PickRequest pick;
  auto key = StreamKeyOf(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) return key.status();
  pick.key = *std::move(key);
  const auto protocol = FromProto(request.protocol());
  if (!protocol.ok()) return protocol.status();
  pick.protocol = *protocol;
  const auto role = FromProto(request.role());
  if (!role.ok()) return role.status();
  pick.role = *role;

  v1::LookupStreamResponse response;
  response.set_key(pick.key.ToString());
  if (const auto mapping = streams_.Find(pick.key))
    *response.mutable_stream() = DescribeStream(streams_, *mapping);
  const PickExplanation explanation = balancer_.Explain(pick);
  *response.mutable_pick() = ToProto(explanation);
  if (explanation.wait.has_value()) {
    *response.mutable_pick()->mutable_wait_until_time() =
        ToProto(observer_.clock.WallNow() + *explanation.wait);
  }
  if (auto step = misplaced_.Explain(pick.key); !step.empty()) {
    response.mutable_pick()->add_steps(std::move(step));
  }
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
        *response.add_streams() = DescribeStream(streams_, mapping);
      }
    }
    scanned += std::max<size_t>(found.mappings.size(), 1);
    after = found.next;
    more = !after.empty();
  }
  if (more) response.set_next_page_token(MakePageToken(after));
  return response;
}

absl::StatusOr<v1::ListPinsResponse> StreamService::Pins(const v1::ListPinsRequest& request) const {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  const auto found = streams_.ListPins(page->after, page->size);
  v1::ListPinsResponse response;
  for (const StreamPin& pin : found.pins) *response.add_pins() = ToProto(pin);
  if (!found.next.empty()) response.set_next_page_token(MakePageToken(found.next));
  return response;
}

}  // namespace srsproxy::control
