// The way of HLS requests to the origin that holds their stream, over kept connections.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <absl/functional/function_ref.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/upstream/origin_call.h"
#include "dataplane/proxy/upstream/origin_search.h"
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

  // Picks an origin, and another one when it cannot be reached; asks it for `target_at(origin id)`,
  // and returns the head of its answer. Fails as OriginSearch and OriginCall do, in words that are
  // fit for the client.
  using TargetAt = absl::FunctionRef<std::string(const std::string& origin_id)>;
  net::Task<absl::StatusOr<http::ResponseHead>> Ask(std::string method, TargetAt target_at);

  // Asks the origin that was picked once more.
  net::Task<absl::StatusOr<http::ResponseHead>> AskAgain(std::string method, std::string target);

  // Asks this origin, whatever holds the stream. How that goes does not count against it.
  net::Task<absl::StatusOr<http::ResponseHead>> AskAt(const Origin& origin, std::string method,
                                                      std::string target);

  // With the answer under way.
  OriginCall& call() { return call_; }
  // Keeps the connection, whose answer was read to its end.
  void Keep(net::TcpStream connection);

  // What was picked; after an Ask that got an answer.
  const Placement& placement() const { return *placement_; }
  std::unique_ptr<StreamLease> TakeLease() { return std::move(placement_->lease); }
  // The origin said no, or there is none.
  void Refused();

  // Lets what is awaited, and what is begun later, fail.
  void Cancel();

 private:
  net::Task<absl::StatusOr<http::ResponseHead>> Send(Endpoint endpoint, bool picked,
                                                     std::string method, std::string target);
  // Over a kept connection to endpoint_, or a new one.
  net::Task<absl::StatusOr<http::ResponseHead>> SendText(const std::string& text, bool picked,
                                                         std::string method);
  net::Task<absl::StatusOr<net::TcpStream>> Dial(bool picked);

  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  HttpClient& client_;
  const http::RequestHead& request_;
  const StreamKey key_;
  const http::Fields fields_;
  const HopList hops_;
  OriginSearch search_;
  OriginCall call_;
  std::optional<Placement> placement_;
  Endpoint endpoint_;     // Of the answer under way.
  bool reached_ = false;  // It was connected to.
  bool cancelled_ = false;
  net::Dialer* dialing_ = nullptr;
  std::function<void()> cancel_wait_;
};

}  // namespace srsproxy
