// What operators decide for a server: between v1.OriginSettings, OriginOverrides and
// OverridesChange.
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/origin.pb.h"

namespace srsproxy::control {

v1::OriginSettings ToProto(const OriginOverrides& overrides);

// INVALID_ARGUMENT with INVALID_FIELD: the mask is empty or names what is no setting; a named
// setting cannot be converted. A setting that the mask names and the message lacks is cleared.
absl::StatusOr<OverridesChange> OverridesChangeFromProto(const v1::OriginSettings& settings,
                                                         const google::protobuf::FieldMask& mask);

}  // namespace srsproxy::control
