#include "controlplane/services/stream_service.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_lookup.h"
#include "controlplane/services/page.h"
#include "controlplane/services/stream_convert.h"
#include "dataplane/balance/move_target.h"
#include "dataplane/core/stream_change.h"

namespace srsproxy::control {
namespace {

// How many mappings one filtered ListStreams looks at before it answers a short page.
constexpr size_t kMaxScanned = 10'000;

absl::Status StreamNotFound(const StreamKey& key) {
  const std::string stream = key.ToString();
  return CallError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_STREAM_NOT_FOUND,
      absl::StrCat("stream ", stream, " is on no origin; ListStreams tells which streams are"),
      {{"stream", stream}});
}

absl::Status StreamLive(const StreamMapping& mapping) {
  const std::string stream = mapping.key.ToString();
  return CallError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_STREAM_LIVE,
                   absl::StrCat("stream ", stream, " is used by ", mapping.publishers,
                                " publishers and ", mapping.viewers, " viewers; force ends them"),
                   {{"stream", stream}});
}

absl::Status PlacementChanged(const StreamKey& key) {
  const std::string stream = key.ToString();
  return CallError(absl::StatusCode::kAborted, v1::ERROR_REASON_PLACEMENT_CHANGED,
                   absl::StrCat("stream ", stream,
                                " has another version: it moved meanwhile; look "
                                "it up again"),
                   {{"stream", stream}});
}

absl::Status PinNotFound(const StreamKey& key) {
  const std::string stream = key.ToString();
  return CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_PIN_NOT_FOUND,
                   absl::StrCat("stream ", stream, " is not pinned; ListPins tells which are"),
                   {{"stream", stream}});
}

// What the directory says of a change to `seen`.
absl::Status ChangeError(const absl::Status& status, const StreamMapping& seen) {
  if (absl::IsNotFound(status)) return StreamNotFound(seen.key);
  if (absl::IsAborted(status)) return PlacementChanged(seen.key);
  if (absl::IsFailedPrecondition(status)) return StreamLive(seen);
  return status;
}

absl::Status Unusable(std::string_view origin_id, std::string_view why) {
  return CallError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_ORIGIN_UNUSABLE,
      absl::StrCat("origin ", ToAbsl(origin_id), " cannot take the stream: ", ToAbsl(why)),
      {{"origin_id", origin_id}});
}

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
                      Pin(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* StreamService::UnpinStream(grpc::CallbackServerContext* context,
                                                     const v1::UnpinStreamRequest* request,
                                                     v1::UnpinStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/UnpinStream", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      Unpin(wanted, call, std::move(done));
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
                      Release(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* StreamService::MoveStream(grpc::CallbackServerContext* context,
                                                    const v1::MoveStreamRequest* request,
                                                    v1::MoveStreamResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.StreamService/MoveStream", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      Move(wanted, call, std::move(done));
                    });
}

absl::StatusOr<v1::LookupStreamResponse> StreamService::Lookup(
    const v1::LookupStreamRequest& request) const {
  PickRequest pick;
  auto key = KeyOf(request.stream());
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
  if (const auto mapping = streams_.Find(pick.key)) *response.mutable_stream() = Describe(*mapping);
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
        *response.add_streams() = Describe(mapping);
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

void StreamService::Pin(const v1::PinStreamRequest& request, const CallContext& call,
                        Done<v1::PinStreamResponse> done) {
  const auto key = KeyOf(request.stream());
  if (!key.ok()) return done(key.status());
  auto server = FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  StreamPin pin{*key, *std::move(server)};
  auto answer = [this, only_look = request.validate_only(), call,
                 done = std::move(done)](const absl::StatusOr<StreamPin>& pinned) mutable {
    if (!pinned.ok()) return done(pinned.status());
    if (!only_look) LogDecision("stream pinned", pinned->key, pinned->server, call);
    v1::PinStreamResponse response;
    *response.mutable_pin() = ToProto(*pinned);
    done(std::move(response));
  };
  if (request.validate_only()) return answer(std::move(pin));
  streams_.Pin(std::move(pin), std::move(answer));
}

void StreamService::Unpin(const v1::UnpinStreamRequest& request, const CallContext& call,
                          Done<v1::UnpinStreamResponse> done) {
  const auto key = KeyOf(request.stream());
  if (!key.ok()) return done(key.status());
  auto answer = [this, key = *key, only_look = request.validate_only(), call,
                 done = std::move(done)](const absl::StatusOr<StreamPin>& pin) mutable {
    if (absl::IsNotFound(pin.status())) return done(PinNotFound(key));
    if (!pin.ok()) return done(pin.status());
    if (!only_look) LogDecision("stream unpinned", key, pin->server, call);
    v1::UnpinStreamResponse response;
    *response.mutable_pin() = ToProto(*pin);
    done(std::move(response));
  };
  if (request.validate_only()) {
    auto server = streams_.PinnedServer(*key);
    if (!server.has_value()) return answer(absl::NotFoundError("not pinned"));
    return answer(StreamPin{*key, *std::move(server)});
  }
  streams_.Unpin(*key, std::move(answer));
}

void StreamService::Release(const v1::ReleaseStreamRequest& request, const CallContext& call,
                            Done<v1::ReleaseStreamResponse> done) {
  const auto key = KeyOf(request.stream());
  if (!key.ok()) return done(key.status());
  auto seen = MappingOf(*key);
  if (!seen.ok()) return done(seen.status());
  v1::ReleaseStreamResponse response;
  *response.mutable_stream() = Describe(*seen);
  if (request.validate_only()) {
    const auto checked = CheckRelease(*seen, {.key = *key, .force = request.force()});
    if (!checked.ok()) return done(ChangeError(checked, *seen));
    return done(std::move(response));
  }
  const uint64_t version = seen->version;
  auto released = [this, call, force = request.force(), seen = *std::move(seen),
                   response = std::move(response),
                   done = std::move(done)](const absl::StatusOr<StreamMapping>& mapping) mutable {
    if (!mapping.ok()) return done(ChangeError(mapping.status(), seen));
    LogDecision("stream released", seen.key, seen.origin_id, call);
    if (!force) return done(std::move(response));
    // After the release: whoever comes back is placed anew.
    SessionFilter filter;
    filter.key = seen.key;
    const auto why = ProxyFailure(absl::StatusCode::kAborted, "an operator released the stream");
    auto ended = [response = std::move(response), done = std::move(done)](
                     const std::vector<SessionInfo>&) mutable { done(std::move(response)); };
    sessions_.Kick(std::move(filter), std::numeric_limits<size_t>::max(), why, std::move(ended));
  };
  streams_.Release(*key, version, request.force(), std::move(released));
}

void StreamService::Move(const v1::MoveStreamRequest& request, const CallContext& call,
                         Done<v1::MoveStreamResponse> done) {
  const auto key = KeyOf(request.stream());
  if (!key.ok()) return done(key.status());
  auto seen = MappingOf(*key);
  if (!seen.ok()) return done(seen.status());
  auto move = MoveRequestOf(request, *seen);
  if (!move.ok()) return done(move.status());
  auto answer = [this, seen = *seen, only_look = request.validate_only(), call,
                 target = move->origin_id,
                 done = std::move(done)](const absl::StatusOr<MoveOutcome>& outcome) mutable {
    if (!outcome.ok()) return done(ChangeError(outcome.status(), seen));
    if (!only_look) LogDecision("stream to be moved", seen.key, target, call);
    v1::MoveStreamResponse response;
    *response.mutable_stream() = Describe(outcome->mapping);
    response.set_sessions_to_end(SessionsToEnd(*outcome, observer_.clock.WallNow()));
    done(std::move(response));
  };
  if (request.validate_only()) return answer(ForeseeMove(*std::move(seen), *move));
  streams_.Move(*std::move(move), std::move(answer));
}

absl::StatusOr<StreamKey> StreamService::KeyOf(const std::string& stream) const {
  if (stream.empty()) return InvalidField("stream", "is needed");
  auto key = StreamKeyFromText(stream, config_.Get()->vhosts);
  if (key.ok()) return key;
  return WithReason(key.status(), v1::ERROR_REASON_INVALID_STREAM_NAME, {{"stream", stream}});
}

absl::StatusOr<StreamMapping> StreamService::MappingOf(const StreamKey& key) const {
  auto mapping = streams_.Find(key);
  if (!mapping.has_value()) return StreamNotFound(key);
  return *std::move(mapping);
}

absl::StatusOr<MoveRequest> StreamService::MoveRequestOf(const v1::MoveStreamRequest& request,
                                                         const StreamMapping& mapping) const {
  MoveRequest move;
  move.key = mapping.key;
  move.expected_version = request.expected_version();
  if (request.kick()) {
    move.deadline = observer_.clock.WallNow();
  } else if (request.has_deadline()) {
    const auto patience = DeadlineFromProto(request.deadline());
    if (!patience.ok()) return patience.status();
    move.deadline = observer_.clock.WallNow() + *patience;
  }
  const auto name = FindOrigin(origins_, "origin", request.origin());
  if (!name.ok()) return name.status();
  const auto origins = origins_.snapshot();
  const auto target = MoveTargetOf(*origins, mapping, OriginsOf(*origins, *name));
  if (!target.obstacle.empty()) {
    return Unusable(target.origin_id.empty() ? name->server : target.origin_id, target.obstacle);
  }
  move.origin_id = target.origin_id;
  return move;
}

v1::Stream StreamService::Describe(const StreamMapping& mapping) const {
  v1::Stream message = ToProto(mapping);
  if (const auto server = streams_.PinnedServer(mapping.key)) message.set_pinned_server(*server);
  return message;
}

void StreamService::LogDecision(std::string_view what, const StreamKey& key,
                                std::string_view origin, const CallContext& call) const {
  observer_.logger.Info(what,
                        {{"stream", key.ToString()}, {"origin", origin}, {"caller", call.caller}});
}

}  // namespace srsproxy::control
