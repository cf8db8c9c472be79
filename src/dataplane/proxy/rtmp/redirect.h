// An origin's redirect, as SRS answers with in a cluster of its own: followed to origins that are
// registered here, and nowhere else.
#pragma once

#include <string_view>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// Where `url` leads. PERMISSION_DENIED, the origin at fault: not to one of `origins`.
absl::StatusOr<Endpoint> RedirectTarget(std::string_view url, const OriginSnapshot& origins);

// "the origin redirected the client `how`": PERMISSION_DENIED.
absl::Status RedirectFailure(std::string_view how);

}  // namespace srsproxy
