#include "controlplane/http/http_connection.h"

#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/write.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/time_left.h"

namespace srsproxy::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr char kMetricsProtocol[] = "system_api";
constexpr size_t kReadBytes = 4 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// After a last answer: how long and how much is read and dropped, so that the client gets to read
// the answer before the connection is reset.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);
constexpr size_t kMaxLingerBytes = 16 * 1024 * 1024;

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

// Empty when there are several: which of them counts, nobody can say.
std::string AuthorizationOf(const http::RequestHead& request) {
  if (request.fields.count("Authorization") != 1) return "";
  return std::string(http::ValueOf(request.fields, "Authorization"));
}

http::Response ResponseTo(const http::HeadError& error) {
  switch (error.status) {
    case 413:
      return ErrorResponse(413, "BODY_TOO_LARGE", error.message);
    case 431:
      return ErrorResponse(431, "HEADERS_TOO_LARGE", error.message);
    default:
      return ErrorResponse(error.status, "BAD_REQUEST",
                           "this is no HTTP request: " + error.message);
  }
}

}  // namespace

http::Response ErrorResponse(unsigned status, std::string_view reason, std::string_view message) {
  const boost::json::value body = {
      {"code", status},
      {"reason", boost::json::string(reason.data(), reason.size())},
      {"message", boost::json::string(message.data(), message.size())}};
  return {.status = status, .body = boost::json::serialize(body)};
}

HttpConnection::HttpConnection(boost::asio::ip::tcp::socket socket, std::string client,
                               HttpServerState& shared)
    : stream_(std::move(socket)), client_(std::move(client)), shared_(shared) {}

void HttpConnection::Close() {
  idle_since_ = 0;
  stream_.close();
}

net::Task<void> HttpConnection::Serve() {
  auto patience = kHeadTimeout;  // The first request is awaited no longer than any other's head.
  while (!shared_.stopping) {
    auto head = co_await ReadHead(patience);
    if (!head.has_value() || !co_await ServeRequest(*std::move(head))) co_return;
    patience = kIdleTimeout;
  }
}

net::Task<std::optional<http::RequestHead>> HttpConnection::ReadHead(absl::Duration patience) {
  std::optional<net::TimeLeft> left;  // From its first byte on.
  while (true) {
    auto read = reader_.ReadRequest();
    if (auto* head = std::get_if<http::RequestHead>(&read)) co_return std::move(*head);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(*error);
      co_return std::nullopt;
    }
    const bool idle = reader_.idle();
    if (!idle && !left.has_value()) left.emplace(kHeadTimeout);
    if (idle) idle_since_ = ++shared_.last_idle;
    const bool more = co_await ReadMore(idle ? patience : left->now());
    idle_since_ = 0;
    if (!more) co_return std::nullopt;
  }
}

net::Task<std::optional<std::string>> HttpConnection::ReadBody() {
  const net::TimeLeft left(kBodyTimeout);
  if (reader_.awaits_continue()) {
    stream_.expires_after(Chrono(kWriteTimeout));
    const auto [error, bytes] =
        co_await asio::async_write(stream_, asio::buffer(kContinue), net::kNoThrow);
    if (error) co_return std::nullopt;
  }
  while (true) {
    auto read = reader_.ReadBody();
    if (auto* body = std::get_if<std::string>(&read)) co_return std::move(*body);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(*error);
      co_return std::nullopt;
    }
    if (!co_await ReadMore(left.now())) co_return std::nullopt;
  }
}

net::Task<bool> HttpConnection::ReadMore(absl::Duration patience) {
  const bool idle = reader_.idle();
  const auto into = reader_.Prepare(kReadBytes);
  stream_.expires_after(Chrono(patience));
  const auto [error, bytes] =
      co_await stream_.async_read_some(asio::buffer(into.data(), into.size()), net::kNoThrow);
  reader_.Commit(bytes);
  if (!error) co_return true;
  if (error == boost::beast::error::timeout && !idle) {
    shared_.metrics.client_errors.Increment(kMetricsProtocol, ClientError::kTimeout);
  }
  if (error != asio::error::eof || idle) co_return false;
  reader_.Close();  // What is not whole is answered for.
  co_return true;
}

net::Task<bool> HttpConnection::ServeRequest(http::RequestHead head) {
  auto body = co_await ReadBody();
  if (!body.has_value()) co_return false;
  HttpRequest request{.method = head.method == "HEAD" ? "GET" : head.method,
                      .path = std::string(http::PathOf(head.target)),
                      .body = *std::move(body),
                      .client = client_,
                      .authorization = AuthorizationOf(head)};
  stream_.expires_never();
  auto response = co_await shared_.handler(std::move(request));
  co_return co_await Reply(std::move(response), head);
}

net::Task<void> HttpConnection::Reject(http::HeadError error) {
  const bool too_large = error.status == 413 || error.status == 431;
  shared_.metrics.client_errors.Increment(
      kMetricsProtocol, too_large ? ClientError::kTooLarge : ClientError::kMalformed);
  auto response = ResponseTo(error);
  const auto unread = http::UnreadRequest();
  co_await Reply(std::move(response), unread);
}

net::Task<bool> HttpConnection::Reply(http::Response response, const http::RequestHead& request) {
  if (shared_.stopping) response.keep_alive = false;
  const std::string text = http::WriteResponse(response, request);
  stream_.expires_after(Chrono(kWriteTimeout));
  const auto [error, bytes] =
      co_await asio::async_write(stream_, asio::buffer(text), net::kNoThrow);
  if (error) co_return false;
  const bool keep_alive = http::KeepsAlive(response, request);
  if (!keep_alive) co_await LingeringClose();
  co_return keep_alive;
}

net::Task<void> HttpConnection::LingeringClose() {
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(Chrono(kLingerTimeout));
  size_t dropped = 0;
  std::vector<uint8_t> unread(kReadBytes);
  while (!error && dropped < kMaxLingerBytes) {
    const auto [failed, bytes] =
        co_await stream_.async_read_some(asio::buffer(unread), net::kNoThrow);
    error = failed;
    dropped += bytes;
  }
}

}  // namespace srsproxy::control
