#include "dataplane/proxy/http/http_session.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <absl/cleanup/cleanup.h>

#include "dataplane/net/awaited_stream.h"
#include "dataplane/net/time_left.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
// Between two requests of a connection.
constexpr absl::Duration kIdleTimeout = absl::Seconds(60);
// And no longer than any other write may take.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);
// Of a request; an offer of WebRTC has some thousand bytes.
constexpr uint64_t kMaxBodyBytes = 64 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

http::Response Preflight(const http::RequestHead& request, std::string_view methods) {
  http::Response response{.status = 204};
  response.fields.set("Allow", std::string(methods));
  response.fields.set("Access-Control-Allow-Methods", std::string(methods));
  const auto wanted = http::ValueOf(request.fields, "Access-Control-Request-Headers");
  if (!wanted.empty()) response.fields.set("Access-Control-Allow-Headers", std::string(wanted));
  response.fields.set("Access-Control-Max-Age", "86400");
  response.keep_alive = request.framing == http::Framing::kNone;
  return response;
}

ClientError KindOf(const http::HeadError& error) {
  switch (error.status) {
    case 408:
      return ClientError::kTimeout;
    case 413:
    case 431:
      return ClientError::kTooLarge;
    default:
      return ClientError::kMalformed;
  }
}

}  // namespace

HttpSession::HttpSession(const HttpSessionNeeds& needs, net::CancelScope& scope,
                         const HttpSite& site, Listener listener, net::Incoming client,
                         net::TlsContext tls)
    : context_(needs.context),
      site_(site),
      listener_(listener),
      tls_(std::move(tls)),
      client_{.config = needs.config.Get(),
              .address = net::FormatPeer(client.peer),
              .host = net::HostOf(client.peer),
              .accepted = needs.context.clock.Now(),
              .tls = tls_ != nullptr,
              .scope = scope,
              .stream = net::TcpStream(std::move(client.socket), Side::kClient),
              .reader = http::MessageReader({.max_body = kMaxBodyBytes})},
      place_(needs.sessions, *this) {}

net::Task<void> HttpSession::Run() {
  context_.counters.ConnectionOpened(listener_);
  const absl::Cleanup closed = [this] { context_.counters.ConnectionClosed(listener_); };
  client_.stream.Tune(client_.config->write_timeout);
  if (tls_ == nullptr || client_.stream.StartTls(tls_)) {
    while (!client_.scope.cancelled()) {
      auto request = co_await ReadRequest();
      if (!request.has_value() || !co_await Answer(*std::move(request))) break;
    }
  }
  co_await net::DisableCancellation();
  co_await net::LingeringClose(context_.immediate_poller(), context_.executor(),
                               std::move(client_.stream),
                               std::min(kLingerTimeout, client_.config->write_timeout));
}

net::Task<std::optional<http::RequestHead>> HttpSession::ReadRequest() {
  std::optional<net::TimeLeft> left;  // From its first byte on.
  while (true) {
    auto read = client_.reader.ReadRequest();
    if (auto* head = std::get_if<http::RequestHead>(&read)) co_return std::move(*head);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(*error);
      co_return std::nullopt;
    }
    const bool begun = !client_.reader.idle();
    if (begun && !left.has_value()) left.emplace(client_.config->handshake_timeout);
    const absl::Duration patience = begun ? std::min(left->now(), kIdleTimeout) : kIdleTimeout;
    if (!co_await ReadMore(patience)) co_return std::nullopt;
  }
}

net::Task<std::optional<std::string>> HttpSession::ReadBody() {
  const net::TimeLeft left(client_.config->handshake_timeout);
  if (client_.reader.awaits_continue()) {
    const auto sent = co_await SendToClient(client_, context_.worker, kContinue);
    if (!sent.ok()) co_return std::nullopt;
  }
  while (true) {
    auto read = client_.reader.ReadBody();
    if (auto* body = std::get_if<std::string>(&read)) co_return std::move(*body);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(*error);
      co_return std::nullopt;
    }
    if (!co_await ReadMore(left.now())) co_return std::nullopt;
  }
}

net::Task<bool> HttpSession::ReadMore(absl::Duration patience) {
  const bool idle = client_.reader.idle();
  absl::StatusOr<size_t> got = 0;
  {
    net::AwaitedStream awaited(context_.immediate_poller(), context_.executor(), client_.stream);
    got = co_await awaited.Read(client_.reader.Prepare(kReadBytes), patience);
    client_.reader.Commit(got.ok() ? *got : 0);
  }
  if (absl::IsDeadlineExceeded(got.status()) && !idle) {
    http::HeadError late{408, "the request took too long to come"};
    co_await Reject(std::move(late));
  }
  co_return got.ok() && *got > 0;
}

net::Task<bool> HttpSession::Answer(http::RequestHead request) {
  if (request.method == "OPTIONS") {
    co_return co_await SendResponse(client_, context_.worker, Preflight(request, site_.methods),
                                    request);
  }
  if (site_.bodies) {
    const auto body = co_await ReadBody();
    if (!body.has_value()) co_return false;
  } else if (auto refusal = Refusal(request)) {
    co_return co_await SendResponse(client_, context_.worker, *std::move(refusal), request);
  }
  for (HttpRoute* route : site_.routes) {
    auto taken = co_await route->Take(client_, request);
    if (auto* response = std::get_if<http::Response>(&taken)) {
      co_return co_await SendResponse(client_, context_.worker, std::move(*response), request);
    }
    if (client_.scope.cancelled()) co_return false;
    if (auto* exchange = std::get_if<std::unique_ptr<HttpExchange>>(&taken)) {
      exchange_ = std::move(*exchange);
      co_return co_await RunExchange();
    }
  }
  co_return co_await SendResponse(client_, context_.worker, ErrorResponse(404, site_.not_found),
                                  request);
}

std::optional<http::Response> HttpSession::Refusal(const http::RequestHead& request) const {
  http::Response response;
  if (request.method != "GET" && request.method != "HEAD") {
    response = ErrorResponse(405, "streams are played by GET");
    response.fields.set("Allow", std::string(site_.methods));
  } else if (request.framing != http::Framing::kNone) {
    response = ErrorResponse(413, "a request for a stream has no body");
  } else {
    return std::nullopt;
  }
  response.keep_alive = false;  // A body may follow.
  return response;
}

net::Task<bool> HttpSession::RunExchange() {
  const bool session = exchange_->info() != nullptr;
  if (session) place_.List();
  const bool goes_on = co_await exchange_->Run();
  if (session) place_.Unlist();
  exchange_.reset();
  co_return goes_on;
}

net::Task<void> HttpSession::Reject(http::HeadError error) {
  context_.metrics.client_errors.Increment(ToName(Protocol::kHttpFlv), KindOf(error));
  context_.logger.Debug(
      "request rejected",
      {{"client", client_.address}, {"status", error.status}, {"error", error.message}});
  http::RequestHead unread;
  unread.keep_alive = false;
  auto response = ErrorResponse(error.status, error.message);
  co_await SendResponse(client_, context_.worker, std::move(response), unread);
}

}  // namespace srsproxy
