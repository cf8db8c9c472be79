#include "controlplane/services/convert.h"

#include <google/protobuf/util/time_util.h>

#include "controlplane/call_status.h"
#include "controlplane/services/enum_convert.h"

namespace srsproxy::control {

absl::StatusOr<Protocol> FromProto(v1::Protocol protocol) {
  if (protocol == v1::PROTOCOL_UNSPECIFIED) return Protocol::kRtmp;
  if (const auto known = EnumFromProto<Protocol>(protocol)) return *known;
  return InvalidField("protocol", "is no known protocol");
}

absl::StatusOr<Role> FromProto(v1::Role role) {
  if (role == v1::ROLE_UNSPECIFIED) return Role::kViewer;
  if (const auto known = EnumFromProto<Role>(role)) return *known;
  return InvalidField("role", "is no known role");
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(time));
}

absl::StatusOr<absl::Duration> FromProto(std::string_view field,
                                         const google::protobuf::Duration& duration) {
  using google::protobuf::util::TimeUtil;
  constexpr int32_t kMaxNanos = 999'999'999;
  if (duration.seconds() < 0 || duration.nanos() < 0) {
    return InvalidField(field, "must not be negative");
  }
  if (duration.seconds() > TimeUtil::kDurationMaxSeconds || duration.nanos() > kMaxNanos) {
    return InvalidField(field, "is no valid duration");
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::StatusOr<absl::Duration> DeadlineFromProto(const google::protobuf::Duration& deadline) {
  constexpr absl::Duration kMax = absl::Hours(24 * 365);
  auto duration = FromProto("deadline", deadline);
  if (duration.ok() && *duration > kMax) return InvalidField("deadline", "must not be above 8760h");
  return duration;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  return google::protobuf::util::TimeUtil::NanosecondsToDuration(
      absl::ToInt64Nanoseconds(duration));
}

}  // namespace srsproxy::control
