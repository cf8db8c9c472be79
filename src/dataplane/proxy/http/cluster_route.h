// The requests that are for SRS's API of the whole cluster.
#pragma once

#include "dataplane/proxy/http/cluster_api.h"
#include "dataplane/proxy/http/http_route.h"

namespace srsproxy {

// Hands each to a ClusterApi.
class ClusterRoute final : public HttpRoute {
 public:
  // `needs` outlives it.
  explicit ClusterRoute(const ClusterApiNeeds& needs) : needs_(needs) {}

  net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) override;

 private:
  const ClusterApiNeeds& needs_;
};

}  // namespace srsproxy
