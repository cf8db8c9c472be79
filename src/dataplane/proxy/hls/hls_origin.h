// The way of HLS requests to the origin that holds their stream, over kept connections.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <absl/functional/function_ref.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/upstream/connector.h"
#include "dataplane/proxy/upstream/http_request.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// For one request of a client, and those that are made of it. Used on its worker only.
class HlsOrigin {
 public:
  // `fields`: of each request to an origin, without Host, Connection and those about the client.
  // All but values outlive it.
  HlsOrigin(const UpstreamNeeds& upstream, HttpClient& client, const http::RequestHead& request,
            StreamKey key, http::Fields fields);
  HlsOrigin(const HlsOrigin&) = delete;
  HlsOrigin& operator=(const HlsOrigin&) = delete;

  // Picks an origin, and another one when it cannot be reached; requests `target_at(origin id)`,
  // and returns the head of its answer. Fails as HttpRequest does, in words that are fit for the
  // client.
  using TargetAt = absl::FunctionRef<std::string(const std::string& origin_id)>;
  net::Task<absl::StatusOr<http::ResponseHead>> Fetch(std::string method, TargetAt target_at);

  // Requests from the origin that was picked once more.
  net::Task<absl::StatusOr<http::ResponseHead>> FetchAgain(std::string method, std::string target);

  // Requests from this origin, whatever holds the stream. How that goes does not count against it.
  net::Task<absl::StatusOr<http::ResponseHead>> FetchFrom(const Origin& origin, std::string method,
                                                          std::string target);

  // With the response under way.
  HttpRequest& upstream_request() { return upstream_request_; }

  // What was picked; after a Fetch that got a response.
  const Placement& placement() const { return *upstream_request_.placement(); }
  std::unique_ptr<StreamLease> TakeLease() { return upstream_request_.TakeLease(); }
  // The origin refused, or there is none.
  void Refused();

 private:
  std::string RequestFor(const Endpoint& origin, std::string_view method,
                         std::string_view target) const;

  const UpstreamNeeds& upstream_;
  HttpClient& client_;
  const http::RequestHead& request_;
  const StreamKey key_;
  const http::Fields fields_;
  const HopList hops_;
  Connector connector_;
  HttpRequest upstream_request_;
};

}  // namespace srsproxy
