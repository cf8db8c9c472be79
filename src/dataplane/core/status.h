// How failures are reported on the data path: an absl::Status, with the side at fault attached.
//
// This header is also the one bridge between the standard library and Debian's abseil, which has a
// string_view and an optional of its own: nothing else mentions absl::string_view.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "dataplane/core/protocol.h"

namespace srsproxy {

inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// A status with `side` at fault. `code` must not be kOk.
absl::Status Failure(Side side, absl::StatusCode code, std::string_view message);

inline absl::Status ClientFailure(absl::StatusCode code, std::string_view message) {
  return Failure(Side::kClient, code, message);
}
inline absl::Status OriginFailure(absl::StatusCode code, std::string_view message) {
  return Failure(Side::kOrigin, code, message);
}
inline absl::Status ProxyFailure(absl::StatusCode code, std::string_view message) {
  return Failure(Side::kProxy, code, message);
}

// The same status with another side at fault; an OK status is returned unchanged.
absl::Status AtFault(Side side, absl::Status status);

// Who is at fault; kProxy when nobody was named.
Side SideOf(const absl::Status& status);

// The message as std::string_view, valid as long as `status`.
inline std::string_view MessageOf(const absl::Status& status) { return ToStd(status.message()); }

}  // namespace srsproxy
