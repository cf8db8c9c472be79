// Between the messages of srsproxy.v1 and core's values.
#pragma once

#include <string_view>

#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/origin.pb.h"
#include "srsproxy/v1/session.pb.h"
#include "srsproxy/v1/stream.pb.h"

namespace srsproxy::control {

// From requests. INVALID_ARGUMENT with INVALID_FIELD names the field, `rtmp[1]` in a list.

// Whether the values make sense is for ValidateRegistration to say.
absl::StatusOr<OriginRegistration> FromProto(const v1::OriginRegistration& message);
absl::StatusOr<LoadReport> FromProto(const v1::LoadReport& message);
// Absent: RTMP, viewer.
absl::StatusOr<Protocol> FromProto(v1::Protocol protocol);
absl::StatusOr<Role> FromProto(v1::Role role);
// At least 0. `field` is named in errors.
absl::StatusOr<absl::Duration> FromProto(std::string_view field,
                                         const google::protobuf::Duration& duration);

// The field `deadline` of moves, drains and the end of a proxy: at most a year.
absl::StatusOr<absl::Duration> DeadlineFromProto(const google::protobuf::Duration& deadline);

// To answers.
v1::OriginRegistration ToProto(const OriginRegistration& registration);
v1::Origin ToProto(const Origin& origin);
v1::OriginConflict ToProto(const OriginConflict& conflict);
v1::Pin ToProto(const StreamPin& pin);
v1::Stream ToProto(const StreamMapping& mapping);  // Without its pin, which is no part of it.
v1::Session ToProto(const SessionInfo& session);
v1::PickExplanation ToProto(const PickExplanation& explanation);
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

}  // namespace srsproxy::control
