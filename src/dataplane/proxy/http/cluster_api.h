// SRS's HTTP API for the whole cluster: every living origin is queried at once, and one
// answer is made of theirs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dataplane/core/authorizer.h"
#include "dataplane/core/status.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/srs_api/list_page.h"
#include "dataplane/protocol/srs_api/merge.h"
#include "dataplane/protocol/srs_api/request.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/http_response.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/proxy/upstream/origin_fan_out.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Outlives the requests, as does what it refers to. One for each worker.
struct ClusterApiNeeds {
  const UpstreamNeeds& upstream;
  Authorizer& authorizer;
  SessionLimit& requests;  // Of ClusterApi, on all workers.
  OriginFanOut::Timeouts timeouts{};
};

// One request, from its head to its answer. Used on its worker only.
class ClusterApi final : public HttpExchange {
 public:
  // How many requests of all clients may query the origins at once.
  static constexpr uint64_t kMaxAtOnce = 16;

  // `needs` and `client` outlive it.
  ClusterApi(const ClusterApiNeeds& needs, HttpClient& client, http::RequestHead head);
  ClusterApi(const ClusterApi&) = delete;
  ClusterApi& operator=(const ClusterApi&) = delete;

  // For a path of which srs_api::IsApiPath holds. Takes no longer than `timeouts` let it. Answers
  //   200  SRS's envelope. `missing` names the origins that did not answer. As with SRS, an id that
  //        nobody knows has a `code` other than 0.
  //   400, 404, 405  no such request; 404 also while PROXY_CLUSTER_API is off
  //   401, 403  the caller is not known, or may not
  //   502, 504  no origin has answered; with 504 one of them took too long
  //   503  too many requests at once
  //   508  a loop: CheckHops
  net::Task<bool> Run() override;

 private:
  using Resource = srs_api::Resource;
  using Body = boost::json::object;

  // What is known of one origin of the fan-out.
  struct PartialResults {
    std::optional<Body> found;  // `data`, or one item.
    boost::json::array items;   // The first ones of a list.
    size_t list_size = 0;
    srs_api::ItemRange range;  // Of the list, for the page.
    std::string text;          // The items of the page.
  };
  using Step = net::Task<absl::Status> (ClusterApi::*)(size_t i);

  net::Task<http::Response> Answer();
  net::Task<http::Response> Versions();
  // Of what only origins know.
  net::Task<http::Response> QueryOrigins();
  net::Task<http::Response> Summaries();
  net::Task<http::Response> List();
  net::Task<http::Response> Item();
  net::Task<http::Response> RemoveClient();

  absl::Status Authorize() const;
  net::Task<void> EachOrigin(Step step);
  // Steps with the origin number `i`.
  net::Task<absl::Status> FetchData(size_t i);
  net::Task<absl::Status> FetchItem(size_t i);
  net::Task<absl::Status> FetchListHead(size_t i);
  net::Task<absl::Status> FetchListSize(size_t i);
  net::Task<absl::Status> FetchListRange(size_t i);
  // The items from `start` on, `count` at most.
  net::Task<absl::StatusOr<boost::json::array>> FetchItems(size_t i, size_t start, size_t count);

  // How many items of an origin can matter for the page, and for whether there are more.
  size_t window() const { return request_.start + request_.count + 1; }
  std::vector<size_t> ListSizes() const;
  void PlanPage();
  void WriteListHeads();
  std::vector<srs_api::Tagged<Body>> TakeData();
  // The first origin that has the item.
  std::optional<size_t> Owner() const;

  http::Response Merged(Body body) const;  // With the missing origins named.
  http::Response NotKnown() const;
  std::optional<http::Response> NobodyAnswered() const;
  http::Response Refusal(const absl::Status& why) const;

  const ClusterApiNeeds& needs_;
  const SessionContext& context_;
  HttpClient& client_;
  const http::RequestHead head_;
  srs_api::Request request_;
  OriginFanOut fan_out_;
  std::vector<PartialResults> results_;  // One for each origin of the fan-out.
};

}  // namespace srsproxy
