#include "dataplane/proxy/http/cluster_route.h"

#include <utility>

namespace srsproxy {

net::Task<HttpTaken> ClusterRoute::Take(HttpClient& client, http::RequestHead& request) {
  if (!srs_api::IsApiPath(http::PathOf(request.target))) co_return std::monostate();
  co_return std::make_unique<ClusterApi>(needs_, client, std::move(request));
}

}  // namespace srsproxy
