#include "controlplane/services/stream_changes.h"

#include <limits>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_lookup.h"
#include "controlplane/services/stream_convert.h"
#include "controlplane/services/stream_lookup.h"
#include "dataplane/balance/move_target.h"
#include "dataplane/core/stream_change.h"

namespace srsproxy::control {
namespace {

absl::Status StreamNotFound(const StreamKey& key) {
  const std::string stream = key.ToString();
  return CallError(
      absl::StatusCode::kNotFound, v1::ERROR_REASON_STREAM_NOT_FOUND,
      absl::StrCat("stream ", stream, " is on no origin; ListStreams tells which streams are"),
      {{"stream", stream}});
}

absl::Status StreamLive(const StreamMapping& mapping) {
  const std::string stream = mapping.key.ToString();
  return CallError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_STREAM_LIVE,
      absl::StrCat("stream ", stream, " is used by ", mapping.publishers, " publishers and ",
                   mapping.viewers, " viewers of this proxy",
                   mapping.used_elsewhere ? ", or by those of others" : "", "; force ends them"),
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

// What the directory answers to a change of `seen`, as the call fails.
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

void StreamChanges::Pin(const v1::PinStreamRequest& request, const CallContext& call,
                        Done<v1::PinStreamResponse> done) {
  const auto key = StreamKeyOf(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) return done(key.status());
  auto server = FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  StreamPin pin{*key, *std::move(server)};
  auto changed = [this, validate_only = request.validate_only(), call,
                  done = std::move(done)](const absl::StatusOr<StreamPin>& pinned) mutable {
    if (!pinned.ok()) return done(pinned.status());
    if (!validate_only) LogChange("stream pinned", pinned->key, pinned->server, call);
    v1::PinStreamResponse response;
    *response.mutable_pin() = ToProto(*pinned);
    done(std::move(response));
  };
  if (request.validate_only()) return changed(std::move(pin));
  streams_.Pin(std::move(pin), std::move(changed));
}

void StreamChanges::Unpin(const v1::UnpinStreamRequest& request, const CallContext& call,
                          Done<v1::UnpinStreamResponse> done) {
  const auto key = StreamKeyOf(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) return done(key.status());
  auto changed = [this, key = *key, validate_only = request.validate_only(), call,
                  done = std::move(done)](const absl::StatusOr<StreamPin>& pin) mutable {
    if (absl::IsNotFound(pin.status())) return done(PinNotFound(key));
    if (!pin.ok()) return done(pin.status());
    if (!validate_only) LogChange("stream unpinned", key, pin->server, call);
    v1::UnpinStreamResponse response;
    *response.mutable_pin() = ToProto(*pin);
    done(std::move(response));
  };
  if (request.validate_only()) {
    auto server = streams_.PinnedServer(*key);
    if (!server.has_value()) return changed(absl::NotFoundError("not pinned"));
    return changed(StreamPin{*key, *std::move(server)});
  }
  streams_.Unpin(*key, std::move(changed));
}

void StreamChanges::Release(const v1::ReleaseStreamRequest& request, const CallContext& call,
                            Done<v1::ReleaseStreamResponse> done) {
  const auto key = StreamKeyOf(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) return done(key.status());
  auto seen = MappingOf(*key);
  if (!seen.ok()) return done(seen.status());
  v1::ReleaseStreamResponse response;
  *response.mutable_stream() = DescribeStream(streams_, *seen);
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
    LogChange("stream released", seen.key, seen.origin_id, call);
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

void StreamChanges::Move(const v1::MoveStreamRequest& request, const CallContext& call,
                         Done<v1::MoveStreamResponse> done) {
  const auto key = StreamKeyOf(request.stream(), config_.Get()->vhosts);
  if (!key.ok()) return done(key.status());
  auto seen = MappingOf(*key);
  if (!seen.ok()) return done(seen.status());
  auto move = MoveRequestOf(request, *seen);
  if (!move.ok()) return done(move.status());
  auto changed = [this, seen = *seen, validate_only = request.validate_only(), call,
                  target = move->origin_id,
                  done = std::move(done)](const absl::StatusOr<MoveOutcome>& outcome) mutable {
    if (!outcome.ok()) return done(ChangeError(outcome.status(), seen));
    if (!validate_only) LogChange("stream to be moved", seen.key, target, call);
    v1::MoveStreamResponse response;
    *response.mutable_stream() = DescribeStream(streams_, outcome->mapping);
    response.set_sessions_to_end(SessionsToEnd(*outcome, observer_.clock.WallNow()));
    done(std::move(response));
  };
  streams_.Move(*std::move(move), std::move(changed));
}

absl::StatusOr<StreamMapping> StreamChanges::MappingOf(const StreamKey& key) const {
  auto mapping = streams_.Find(key);
  if (!mapping.has_value()) return StreamNotFound(key);
  return *std::move(mapping);
}

absl::StatusOr<MoveRequest> StreamChanges::MoveRequestOf(const v1::MoveStreamRequest& request,
                                                         const StreamMapping& mapping) const {
  MoveRequest move;
  move.key = mapping.key;
  move.expected_version = request.expected_version();
  move.validate_only = request.validate_only();
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

void StreamChanges::LogChange(std::string_view what, const StreamKey& key, std::string_view origin,
                              const CallContext& call) const {
  observer_.logger.Info(what,
                        {{"stream", key.ToString()}, {"origin", origin}, {"caller", call.caller}});
}

}  // namespace srsproxy::control
