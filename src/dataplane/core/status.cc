#include "dataplane/core/status.h"

#include <absl/strings/cord.h>

namespace srsproxy {
namespace {

constexpr char kSidePayload[] = "srsproxy/side";

}  // namespace

absl::Status AtFault(Side side, absl::Status status) {
  if (!status.ok()) status.SetPayload(kSidePayload, absl::Cord(ToAbsl(SideName(side))));
  return status;
}

absl::Status Failure(Side side, absl::StatusCode code, std::string_view message) {
  return AtFault(side, absl::Status(code, ToAbsl(message)));
}

Side SideOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSidePayload);
  if (payload.has_value()) {
    if (*payload == "client") return Side::kClient;
    if (*payload == "origin") return Side::kOrigin;
  }
  return Side::kProxy;
}

}  // namespace srsproxy
