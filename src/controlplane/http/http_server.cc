#include "controlplane/http/http_server.h"

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <pthread.h>

#include "dataplane/net/listener.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/time_left.h"
#include "dataplane/protocol/http/message_reader.h"

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

// Tells a client that there is no room for it, as far as this can be done at once.
void RefuseBusy(asio::ip::tcp::socket& socket) {
  const std::string text =
      http::WriteResponse(ErrorResponse(503, "TOO_MANY_CONNECTIONS",
                                        "the System API has no connection left; try later"),
                          http::UnreadRequest());
  error_code error;
  socket.non_blocking(true, error);
  asio::write(socket, asio::buffer(text), error);
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, error);
}

}  // namespace

http::Response ErrorResponse(unsigned status, std::string_view reason, std::string_view message) {
  const boost::json::value body = {
      {"code", status},
      {"reason", boost::json::string(reason.data(), reason.size())},
      {"message", boost::json::string(message.data(), message.size())}};
  return {.status = status, .body = boost::json::serialize(body)};
}

struct HttpServer::Connection {
  explicit Connection(Tcp::socket socket_arg, std::string client_arg)
      : stream(std::move(socket_arg)), client(std::move(client_arg)) {}

  boost::beast::tcp_stream stream;
  const std::string client;
  // An agent that asks for /healthz need not name a host.
  http::MessageReader reader{
      {.max_head = kMaxHeadBytes, .max_body = kMaxBodyBytes, .host_needed = false}};
  // While it waits for the first byte of a request: its place in the order of becoming idle; else
  // 0.
  uint64_t idle_since = 0;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& setting,
                                                              const ListenAddress& address,
                                                              Handler handler, Metrics& metrics) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler), metrics));
  auto acceptors = net::OpenListeners(setting, address, server->workers_);
  if (!acceptors.ok()) return acceptors.status();
  server->acceptors_ = *std::move(acceptors);
  auto& acceptor = server->acceptors_.front();
  server->port_ = acceptor.local_endpoint().port();
  auto accepted = [raw = server.get()](net::Incoming client) { raw->Accepted(std::move(client)); };
  auto exhausted = [&metrics](const error_code&) {
    metrics.CountLimitRejection(LimitReason::kDescriptors);
  };
  asio::co_spawn(server->workers_.front()->io(),
                 net::AcceptLoop(acceptor, std::move(accepted), std::move(exhausted)),
                 asio::detached);
  asio::post(server->workers_.front()->io(),
             [] { pthread_setname_np(pthread_self(), "control-http"); });
  server->workers_.front()->Start();
  return server;
}

HttpServer::HttpServer(Handler handler, Metrics& metrics)
    : handler_(std::move(handler)),
      metrics_(metrics),
      counters_(metrics.AddWorker()),
      workers_(net::MakeWorkers(1)) {}

HttpServer::~HttpServer() { Stop(absl::ZeroDuration()); }

void HttpServer::Stop(absl::Duration grace) {
  if (acceptors_.empty()) return;
  auto& worker = *workers_.front();
  asio::post(worker.io(), [this] {
    stopping_ = true;
    error_code ignored;
    acceptors_.front().close(ignored);
    CloseConnections(/*idle_only=*/true);
  });
  const auto all_ended = [this] { return open_ == 0; };
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, Chrono(grace), all_ended);
  asio::post(worker.io(), [this] { CloseConnections(/*idle_only=*/false); });
  changed_.wait(lock, all_ended);
  // From within, so that no handler runs when the acceptors are destroyed.
  asio::post(worker.io(), [this, &worker] {
    worker.Stop();
    const std::lock_guard stopped_lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  });
  changed_.wait(lock, [this] { return stopped_; });
  lock.unlock();
  acceptors_.clear();
  workers_.clear();
}

void HttpServer::CloseConnections(bool idle_only) {
  for (auto* connection : connections_) {
    if (connection->idle_since != 0 || !idle_only) connection->stream.close();
  }
}

bool HttpServer::CloseLongestIdle() {
  Connection* longest = nullptr;
  for (auto* connection : connections_) {
    if (connection->idle_since == 0) continue;
    if (longest == nullptr || connection->idle_since < longest->idle_since) longest = connection;
  }
  if (longest == nullptr) return false;
  longest->idle_since = 0;
  longest->stream.close();
  return true;
}

void HttpServer::Accepted(net::Incoming client) {
  if (stopping_) return;
  if (connections_.size() >= kMaxConnections) {
    metrics_.CountLimitRejection(LimitReason::kConnections);
    if (!CloseLongestIdle()) {
      RefuseBusy(client.socket);
      return;
    }
  }
  auto connection =
      std::make_shared<Connection>(std::move(client.socket), net::HostOf(client.peer));
  connections_.insert(connection.get());
  counters_.ConnectionOpened(Listener::kSystemApi);
  {
    const std::lock_guard lock(mutex_);
    ++open_;
  }
  asio::co_spawn(workers_.front()->io(), Run(std::move(connection)), asio::detached);
}

net::Task<void> HttpServer::Run(std::shared_ptr<Connection> connection) {
  co_await ServeConnection(*connection);
  connections_.erase(connection.get());
  counters_.ConnectionClosed(Listener::kSystemApi);
  connection->stream.close();
  const std::lock_guard lock(mutex_);
  --open_;
  changed_.notify_all();
}

net::Task<void> HttpServer::ServeConnection(Connection& connection) {
  auto patience = kHeadTimeout;  // The first request is awaited no longer than any other's head.
  while (!stopping_) {
    auto head = co_await ReadHead(connection, patience);
    if (!head.has_value() || !co_await ServeRequest(connection, *std::move(head))) co_return;
    patience = kIdleTimeout;
  }
}

net::Task<std::optional<http::RequestHead>> HttpServer::ReadHead(Connection& connection,
                                                                 absl::Duration patience) {
  std::optional<net::TimeLeft> left;  // From its first byte on.
  while (true) {
    auto read = connection.reader.ReadRequest();
    if (auto* head = std::get_if<http::RequestHead>(&read)) co_return std::move(*head);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(connection, *error);
      co_return std::nullopt;
    }
    const bool idle = connection.reader.idle();
    if (!idle && !left.has_value()) left.emplace(kHeadTimeout);
    if (idle) connection.idle_since = ++last_idle_;
    const bool more = co_await ReadMore(connection, idle ? patience : left->now());
    connection.idle_since = 0;
    if (!more) co_return std::nullopt;
  }
}

net::Task<std::optional<std::string>> HttpServer::ReadBody(Connection& connection) {
  const net::TimeLeft left(kBodyTimeout);
  if (connection.reader.awaits_continue()) {
    connection.stream.expires_after(Chrono(kWriteTimeout));
    const auto [error, bytes] =
        co_await asio::async_write(connection.stream, asio::buffer(kContinue), net::kNoThrow);
    if (error) co_return std::nullopt;
  }
  while (true) {
    auto read = connection.reader.ReadBody();
    if (auto* body = std::get_if<std::string>(&read)) co_return std::move(*body);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_await Reject(connection, *error);
      co_return std::nullopt;
    }
    if (!co_await ReadMore(connection, left.now())) co_return std::nullopt;
  }
}

net::Task<bool> HttpServer::ReadMore(Connection& connection, absl::Duration patience) {
  auto& reader = connection.reader;
  const bool idle = reader.idle();
  const auto into = reader.Prepare(kReadBytes);
  connection.stream.expires_after(Chrono(patience));
  const auto [error, bytes] = co_await connection.stream.async_read_some(
      asio::buffer(into.data(), into.size()), net::kNoThrow);
  reader.Commit(bytes);
  if (!error) co_return true;
  if (error == boost::beast::error::timeout && !idle) {
    metrics_.CountClientError(kMetricsProtocol, ClientError::kTimeout);
  }
  if (error != asio::error::eof || idle) co_return false;
  reader.Close();  // What is not whole is answered for.
  co_return true;
}

net::Task<bool> HttpServer::ServeRequest(Connection& connection, http::RequestHead head) {
  auto body = co_await ReadBody(connection);
  if (!body.has_value()) co_return false;
  HttpRequest request{.method = head.method == "HEAD" ? "GET" : head.method,
                      .path = std::string(http::PathOf(head.target)),
                      .body = *std::move(body),
                      .client = connection.client,
                      .authorization = AuthorizationOf(head)};
  connection.stream.expires_never();
  auto response = co_await handler_(std::move(request));
  co_return co_await Reply(connection, std::move(response), head);
}

net::Task<void> HttpServer::Reject(Connection& connection, http::HeadError error) {
  const bool too_large = error.status == 413 || error.status == 431;
  metrics_.CountClientError(kMetricsProtocol,
                            too_large ? ClientError::kTooLarge : ClientError::kMalformed);
  auto response = ResponseTo(error);
  const auto unread = http::UnreadRequest();
  co_await Reply(connection, std::move(response), unread);
}

net::Task<bool> HttpServer::Reply(Connection& connection, http::Response response,
                                  const http::RequestHead& request) {
  if (stopping_) response.keep_alive = false;
  const std::string text = http::WriteResponse(response, request);
  connection.stream.expires_after(Chrono(kWriteTimeout));
  const auto [error, bytes] =
      co_await asio::async_write(connection.stream, asio::buffer(text), net::kNoThrow);
  if (error) co_return false;
  const bool keep_alive = http::KeepsAlive(response, request);
  if (!keep_alive) co_await Linger(connection);
  co_return keep_alive;
}

net::Task<void> HttpServer::Linger(Connection& connection) {
  auto& stream = connection.stream;
  error_code error;
  stream.socket().shutdown(Tcp::socket::shutdown_send, error);
  stream.expires_after(Chrono(kLingerTimeout));
  size_t dropped = 0;
  std::vector<uint8_t> unread(kReadBytes);
  while (!error && dropped < kMaxLingerBytes) {
    const auto [failed, bytes] =
        co_await stream.async_read_some(asio::buffer(unread), net::kNoThrow);
    error = failed;
    dropped += bytes;
  }
}

}  // namespace srsproxy::control
