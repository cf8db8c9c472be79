// Which stream a caller means, and how calls answer with one.
#pragma once

#include <string>

#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/core/stream_view.h"
#include "srsproxy/v1/stream.pb.h"

namespace srsproxy::control {

// The stream of a request's field `stream`: StreamKeyFromText. INVALID_ARGUMENT with
// INVALID_FIELD: it is empty. Else with INVALID_STREAM_NAME.
absl::StatusOr<StreamKey> StreamKeyOf(const std::string& text, const VhostPolicy& vhosts);

// `mapping` with its pin.
v1::Stream DescribeStream(const StreamView& streams, const StreamMapping& mapping);

}  // namespace srsproxy::control
