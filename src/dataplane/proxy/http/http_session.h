// One HTTP client's connection, from accept to close: reads its requests one after another, and has
// each answered by whom it is for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "dataplane/net/listener.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/hls/hls_route.h"
#include "dataplane/proxy/http/http_answer.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/session_services.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

class ClusterApi;

// Lives in the frame of Run. Used on its worker only.
class HttpSession final : SessionTable::Session {
 public:
  HttpSession(SessionServices& services, Listener listener, net::Incoming client,
              net::TlsContext tls);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Returns when the connection is closed.
  net::Task<void> Run();

 private:
  // SessionTable::Session
  void Kick(absl::Status why) override;
  const SessionInfo& info() const override { return *exchange_->info(); }

  // The next request; nullopt: there is none, and what had to be said was said.
  net::Task<std::optional<http::RequestHead>> ReadRequest();
  // Its body, which is small; nullopt: it is not there, or too large, and what had to be said was
  // said.
  net::Task<std::optional<std::string>> ReadBody(const http::RequestHead& request);
  // Each answers a request; whether the connection can go on.
  net::Task<bool> Answer(http::RequestHead request);
  net::Task<bool> AnswerApi(const http::RequestHead& request);
  net::Task<bool> AskCluster(const http::RequestHead& request);
  // The answer; nullopt: exchange_ gives it, and has taken the request.
  net::Task<std::optional<HttpAnswer>> AnswerMedia(http::RequestHead& request);
  net::Task<absl::StatusOr<MediaRoute>> FindRoute(const http::RequestHead& request);
  std::unique_ptr<HttpExchange> Serve(MediaRoute route, http::RequestHead request);
  // Runs exchange_; whether the connection can go on.
  net::Task<bool> Conduct();
  net::Task<bool> Reply(HttpAnswer answer, const http::RequestHead& request);
  // The client broke the protocol: one answer, and the end.
  net::Task<void> Reject(unsigned status, std::string_view message, ClientError error);

  SessionServices& services_;
  const Listener listener_;
  const net::TlsContext tls_;
  HttpClient client_;
  std::unique_ptr<HttpExchange> exchange_;  // While it goes on.
  ClusterApi* cluster_api_ = nullptr;       // While it asks.
  std::optional<absl::Status> kicked_;
  SessionTable::Place place_;
};

}  // namespace srsproxy
