#include "dataplane/core/status.h"

#include <absl/strings/cord.h>

namespace srsproxy {
namespace {

constexpr char kSidePayload[] = "srsproxy/side";

}  // namespace

absl::Status AtFault(Side side, absl::Status status) {
  if (!status.ok()) status.SetPayload(kSidePayload, absl::Cord(ToAbsl(ToName(side))));
  return status;
}

absl::Status Failure(Side side, absl::StatusCode code, std::string_view message) {
  return AtFault(side, absl::Status(code, ToAbsl(message)));
}

Side SideOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSidePayload);
  if (!payload.has_value()) return Side::kProxy;
  return FromName<Side>(std::string(*payload)).value_or(Side::kProxy);
}

}  // namespace srsproxy
