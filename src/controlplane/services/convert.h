// Between values that many messages of srsproxy.v1 have and core's: times, protocols, roles.
#pragma once

#include <string_view>

#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/session.pb.h"

namespace srsproxy::control {

// From requests. INVALID_ARGUMENT with INVALID_FIELD names the field.

// Absent: RTMP, viewer.
absl::StatusOr<Protocol> FromProto(v1::Protocol protocol);
absl::StatusOr<Role> FromProto(v1::Role role);
// At least 0. `field` is named in errors.
absl::StatusOr<absl::Duration> FromProto(std::string_view field,
                                         const google::protobuf::Duration& duration);

// The field `deadline` of moves, drains and the end of a proxy: at most a year.
absl::StatusOr<absl::Duration> DeadlineFromProto(const google::protobuf::Duration& deadline);

// To answers.
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

}  // namespace srsproxy::control
