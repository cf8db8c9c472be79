// What operators decide for a server: between v1.OriginSettings and OriginOverrides.
#pragma once

#include <google/protobuf/field_mask.pb.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/origin.pb.h"

namespace srsproxy::control {

v1::AdminState ToProto(AdminState state);
v1::OriginSettings ToProto(const OriginOverrides& overrides);

// A wish to change some of them.
class OriginSettingsChange {
 public:
  // INVALID_ARGUMENT with INVALID_FIELD: the mask is empty or names what is no setting; a named
  // setting cannot be converted.
  static absl::StatusOr<OriginSettingsChange> Parse(const v1::OriginSettings& settings,
                                                    const google::protobuf::FieldMask& mask);

  // A setting that the mask names and the message lacks is cleared; the others stay.
  void ApplyTo(OriginOverrides& overrides) const;

 private:
  OriginSettingsChange(const v1::OriginSettings& settings, const google::protobuf::FieldMask& mask)
      : settings_(settings), mask_(mask) {}

  v1::OriginSettings settings_;
  google::protobuf::FieldMask mask_;
};

}  // namespace srsproxy::control
