// Between the messages of srsproxy.v1 that describe origins and core's values.
#pragma once

#include "dataplane/balance/origin_conflicts.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/origin.pb.h"

namespace srsproxy::control {

// From requests. INVALID_ARGUMENT with INVALID_FIELD names the field, `rtmp[1]` in a list.

// Whether the values make sense is for ValidateRegistration to say.
absl::StatusOr<OriginRegistration> FromProto(const v1::OriginRegistration& message);
absl::StatusOr<LoadReport> FromProto(const v1::LoadReport& message);

// To answers.
v1::OriginRegistration ToProto(const OriginRegistration& registration);
v1::Origin ToProto(const Origin& origin);
v1::OriginConflict ToProto(const OriginConflict& conflict);

}  // namespace srsproxy::control
