#include "dataplane/proxy/http/cluster_access.h"

namespace srsproxy {

absl::Status CheckClusterAccess(Authorizer& authorizer, const srs_api::Request& request,
                                const http::Fields& fields, const std::string& client) {
  const bool once = fields.count("Authorization") == 1;
  const std::string action = std::string(request.remove ? "DELETE" : "GET") + " /api/v1/" +
                             std::string(srs_api::ResourceName(request.resource));
  return authorizer.Check({.needed = request.remove ? AccessLevel::kAdmin : AccessLevel::kView,
                           .authorization = once ? http::ValueOf(fields, "Authorization") : "",
                           .client = client,
                           .action = action});
}

}  // namespace srsproxy
