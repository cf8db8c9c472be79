#include "dataplane/proxy/http/http_session.h"

#include <algorithm>
#include <utility>

#include <absl/cleanup/cleanup.h>

#include "dataplane/net/time_left.h"
#include "dataplane/protocol/http/body_reader.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
// Between two requests of a connection.
constexpr absl::Duration kIdleTimeout = absl::Seconds(60);
constexpr absl::Duration kGoodbyeTimeout = absl::Seconds(2);
// Of a request; an offer of WebRTC has some thousand bytes.
constexpr size_t kMaxBodyBytes = 64 * 1024;

HttpAnswer Preflight(const http::RequestHead& request, std::string_view methods) {
  HttpAnswer answer{.status = 204};
  answer.fields.set("Allow", std::string(methods));
  answer.fields.set("Access-Control-Allow-Methods", std::string(methods));
  const auto wanted = http::ValueOf(request.fields, "Access-Control-Request-Headers");
  if (!wanted.empty()) answer.fields.set("Access-Control-Allow-Headers", std::string(wanted));
  answer.fields.set("Access-Control-Max-Age", "86400");
  answer.keep_alive = request.framing == http::Framing::kNone;
  return answer;
}

}  // namespace

HttpSession::HttpSession(const HttpSessionNeeds& needs, const HttpSite& site, Listener listener,
                         net::Incoming client, net::TlsContext tls)
    : context_(needs.context),
      site_(site),
      listener_(listener),
      tls_(std::move(tls)),
      client_{.config = needs.config.Get(),
              .address = net::FormatPeer(client.peer),
              .host = net::HostOf(client.peer),
              .accepted = needs.context.clock.Now(),
              .tls = tls_ != nullptr,
              .stream = net::TcpStream(std::move(client.socket), Side::kClient)},
      place_(needs.sessions, *this) {}

net::Task<void> HttpSession::Run() {
  context_.counters.ConnectionOpened(listener_);
  client_.stream.Tune(client_.config->write_timeout);
  if (tls_ == nullptr || client_.stream.StartTls(tls_)) {
    while (!kicked_.has_value()) {
      auto request = co_await ReadRequest();
      if (!request.has_value() || !co_await Answer(*std::move(request))) break;
    }
  }
  co_await net::CloseGently(context_.prompt(), context_.executor(), std::move(client_.stream),
                            kGoodbyeTimeout);
  context_.counters.ConnectionClosed(listener_);
}

void HttpSession::Kick(absl::Status why) {
  if (!kicked_.has_value()) kicked_ = why;
  if (client_.awaited != nullptr) client_.awaited->Cancel();
  if (exchange_ != nullptr) exchange_->End(Side::kProxy, std::move(why));
}

net::Task<std::optional<http::RequestHead>> HttpSession::ReadRequest() {
  net::AwaitedStream awaited(context_.prompt(), context_.executor(), client_.stream);
  client_.awaited = &awaited;
  const absl::Cleanup forget = [this] { client_.awaited = nullptr; };
  std::vector<uint8_t>& unread = client_.unread;
  std::optional<net::TimeLeft> left;  // From its first byte on.
  size_t looked_at = 0;
  bool may_begin_empty = true;
  while (true) {
    // RFC 9112 section 2.2: one empty line before a request is ignored.
    if (may_begin_empty && http::AsText(unread).starts_with("\r\n")) {
      unread.erase(unread.begin(), unread.begin() + 2);
      may_begin_empty = false;
      looked_at = 0;
    }
    if (const auto end = http::FindHeadEnd(http::AsText(unread))) {
      auto parsed = http::ParseRequestHead(http::AsText(unread).substr(0, *end));
      // Who plays for long holds no buffer.
      unread = std::vector(unread.begin() + static_cast<ptrdiff_t>(*end), unread.end());
      if (const auto* error = std::get_if<http::HeadError>(&parsed)) {
        co_await Reject(error->status, error->message, ClientError::kMalformed);
        co_return std::nullopt;
      }
      co_return std::get<http::RequestHead>(std::move(parsed));
    }
    if (auto error = http::CheckUnfinishedHead(http::AsText(unread), looked_at)) {
      co_await Reject(error->status, error->message, ClientError::kMalformed);
      co_return std::nullopt;
    }
    looked_at = unread.size();
    if (unread.size() >= http::kMaxHeadBytes) {
      co_await Reject(431, "the head of the request is longer than 64 kB", ClientError::kTooLarge);
      co_return std::nullopt;
    }
    if (!unread.empty() && !left.has_value()) left.emplace(client_.config->handshake_timeout);
    const absl::Duration patience =
        left.has_value() ? std::min(left->now(), kIdleTimeout) : kIdleTimeout;
    const size_t known = unread.size();
    unread.resize(known + std::min(kReadBytes, http::kMaxHeadBytes - known));
    auto got = co_await awaited.Read(std::span(unread).subspan(known), patience);
    unread.resize(known + (got.ok() ? *got : 0));
    if (got.ok() && *got > 0) continue;
    if (absl::IsDeadlineExceeded(got.status()) && !unread.empty()) {
      co_await Reject(408, "the request took too long to come", ClientError::kTimeout);
    }
    co_return std::nullopt;
  }
}

net::Task<std::optional<std::string>> HttpSession::ReadBody(const http::RequestHead& request) {
  http::BodyReader reader(request.framing, request.length, http::BodyReader::Chunks::kRemoved);
  if (reader.at_end()) co_return std::string();
  net::AwaitedStream awaited(context_.prompt(), context_.executor(), client_.stream);
  std::vector<uint8_t>& unread = client_.unread;
  std::string body;
  const net::TimeLeft left(client_.config->handshake_timeout);
  bool too_large = request.length > kMaxBodyBytes;
  if (request.expects_continue && !too_large && unread.empty()) {
    client_.awaited = &awaited;
    const auto told = co_await awaited.Write(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"),
                                             client_.config->write_timeout);
    client_.awaited = nullptr;
    if (!told.ok()) co_return std::nullopt;
  }
  while (!too_large) {
    Pieces pieces;
    const auto taken = reader.Read(unread, pieces);
    if (!taken.ok()) {
      co_await Reject(400, MessageOf(taken.status()), ClientError::kMalformed);
      co_return std::nullopt;
    }
    for (const Pieces::Piece& piece : pieces.list()) body.append(http::AsText(piece));
    unread.erase(unread.begin(), unread.begin() + static_cast<ptrdiff_t>(*taken));
    too_large = body.size() > kMaxBodyBytes;
    if (reader.at_end() || too_large) break;
    unread.resize(kReadBytes);
    client_.awaited = &awaited;
    auto got = co_await awaited.Read(unread, left.now());
    client_.awaited = nullptr;
    unread.resize(got.ok() ? *got : 0);
    if (got.ok() && *got > 0) continue;
    if (absl::IsDeadlineExceeded(got.status())) {
      co_await Reject(408, "the request took too long to come", ClientError::kTimeout);
    }
    co_return std::nullopt;
  }
  if (!too_large) co_return body;
  co_await Reject(413, "the body of the request is longer than 64 kB", ClientError::kTooLarge);
  co_return std::nullopt;
}

net::Task<bool> HttpSession::Answer(http::RequestHead request) {
  if (request.method == "OPTIONS") {
    co_return co_await SendAnswer(client_, context_.worker, Preflight(request, site_.methods),
                                  request);
  }
  if (site_.bodies) {
    const auto body = co_await ReadBody(request);
    if (!body.has_value()) co_return false;
  } else if (auto refusal = Refusal(request)) {
    co_return co_await SendAnswer(client_, context_.worker, *std::move(refusal), request);
  }
  for (HttpRoute* route : site_.routes) {
    auto taken = co_await route->Take(client_, request);
    if (auto* answer = std::get_if<HttpAnswer>(&taken)) {
      co_return co_await SendAnswer(client_, context_.worker, std::move(*answer), request);
    }
    if (kicked_.has_value()) co_return false;
    if (auto* exchange = std::get_if<std::unique_ptr<HttpExchange>>(&taken)) {
      exchange_ = std::move(*exchange);
      co_return co_await Conduct();
    }
  }
  co_return co_await SendAnswer(client_, context_.worker, ErrorAnswer(404, site_.not_found),
                                request);
}

std::optional<HttpAnswer> HttpSession::Refusal(const http::RequestHead& request) const {
  HttpAnswer answer;
  if (request.method != "GET" && request.method != "HEAD") {
    answer = ErrorAnswer(405, "streams are played by GET");
    answer.fields.set("Allow", std::string(site_.methods));
  } else if (request.framing != http::Framing::kNone) {
    answer = ErrorAnswer(413, "a request for a stream has no body");
  } else {
    return std::nullopt;
  }
  answer.keep_alive = false;  // A body may follow.
  return answer;
}

net::Task<bool> HttpSession::Conduct() {
  const bool session = exchange_->info() != nullptr;
  if (session) place_.List();
  const bool goes_on = co_await exchange_->Run();
  if (session) place_.Unlist();
  exchange_.reset();
  co_return goes_on;
}

net::Task<void> HttpSession::Reject(unsigned status, std::string_view message, ClientError error) {
  context_.metrics.CountClientError(ProtocolName(Protocol::kHttpFlv), error);
  context_.logger.Debug("request rejected",
                        {{"client", client_.address}, {"status", status}, {"error", message}});
  http::RequestHead unread;
  unread.keep_alive = false;
  auto answer = ErrorAnswer(status, message);
  co_await SendAnswer(client_, context_.worker, std::move(answer), unread);
}

}  // namespace srsproxy
