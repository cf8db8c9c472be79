// Why a call failed: an absl::Status that carries one ErrorInfo, and its form on the wire
// (google.rpc.Status in the trailer `grpc-status-details-bin`).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <grpcpp/support/status.h>

#include "dataplane/core/config_problem.h"
#include "dataplane/core/invalid_field.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/errors.pb.h"

namespace srsproxy::control {

using ErrorMetadata = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// `code` must not be kOk. `message`: what happened, to whom, and what to do.
absl::Status CallError(absl::StatusCode code, v1::ErrorReason reason, std::string_view message,
                       ErrorMetadata metadata = {});

// INVALID_ARGUMENT with INVALID_FIELD: one line for each of `problems`, which must not be empty;
// the field is the first one's setting.
absl::Status RefuseConfig(const std::vector<ConfigProblem>& problems);

// `status` with its reason; unchanged when it is OK, has one already, or is an InvalidField.
absl::Status WithReason(absl::Status status, v1::ErrorReason reason, ErrorMetadata metadata = {});

// A status of CheckDrives with NOT_DRIVING; any other unchanged.
absl::Status WithDriver(absl::Status status);

// The ErrorInfo that `status` carries. When it carries none: INVALID_FIELD with the `field` of an
// InvalidField, else what its code implies. `status` must not be OK.
v1::ErrorInfo ErrorInfoOf(const absl::Status& status);

// To and from the wire. A status from elsewhere that has no readable details gets the ErrorInfo
// that its code implies.
grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// `OK`, `INVALID_ARGUMENT`, ...: the metrics label `code`.
std::string CodeName(const absl::Status& status);

// The HTTP status of a failed call, as google.rpc.Code documents it.
unsigned HttpStatusOf(const absl::Status& status);

}  // namespace srsproxy::control
