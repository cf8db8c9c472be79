// Who may use the API of the cluster.
#pragma once

#include <string>

#include "dataplane/core/authorizer.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/srs_api/request.h"

namespace srsproxy {

// Whether the caller at the address `client`, who proves itself by `fields`, may make `request`.
// Fails as Authorizer::Check.
absl::Status CheckClusterAccess(Authorizer& authorizer, const srs_api::Request& request,
                                const http::Fields& fields, const std::string& client);

}  // namespace srsproxy
