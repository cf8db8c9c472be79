// One HTTP client's connection, from accept to close: reads its requests one after another, and has
// each answered by whom it is for.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dataplane/core/live_config.h"
#include "dataplane/core/metrics.h"
#include "dataplane/net/listener.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/http_response.h"
#include "dataplane/proxy/http/http_route.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

// Outlives the sessions, as does what it refers to. One for each worker.
struct HttpSessionNeeds {
  const LiveConfig& config;
  const SessionContext& context;
  SessionTable& sessions;
};

// Lives in the frame of Run. Used on its worker only.
class HttpSession final : SessionTable::Session {
 public:
  // `needs`, `scope`, of the coroutine that runs it, and `site`, which the listener serves, outlive
  // it. `tls`: the client speaks TLS; null: it does not.
  HttpSession(const HttpSessionNeeds& needs, net::CancelScope& scope, const HttpSite& site,
              Listener listener, net::Incoming client, net::TlsContext tls);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Returns when the connection is closed.
  net::Task<void> Run();

 private:
  // SessionTable::Session
  void Kick(absl::Status why) override { client_.scope.Cancel(Side::kProxy, std::move(why)); }
  const SessionInfo& info() const override { return *exchange_->info(); }

  // The next request; nullopt: there is none, and the response was sent.
  net::Task<std::optional<http::RequestHead>> ReadRequest();
  // Its body, which is small; nullopt: it is not there, or too large, and the response was sent.
  net::Task<std::optional<std::string>> ReadBody();
  // Some bytes of it, within `patience`; false: none come, and the response was sent.
  net::Task<bool> ReadMore(absl::Duration patience);
  // Has the site answer a request; whether the connection can go on.
  net::Task<bool> Answer(http::RequestHead request);
  // Why the site takes no such request.
  std::optional<http::Response> Refusal(const http::RequestHead& request) const;
  // Runs exchange_; whether the connection can go on.
  net::Task<bool> RunExchange();
  // The client broke the protocol: one answer, and the end.
  net::Task<void> Reject(http::HeadError error);

  const SessionContext& context_;
  const HttpSite& site_;
  const Listener listener_;
  const net::TlsContext tls_;
  HttpClient client_;
  std::unique_ptr<HttpExchange> exchange_;  // While it goes on.
  SessionTable::Place place_;
};

}  // namespace srsproxy
