#include "controlplane/http/http_server.h"

#include <chrono>
#include <optional>
#include <tuple>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <pthread.h>

#include "dataplane/net/listener.h"
#include "dataplane/net/tcp_stream.h"

namespace srsproxy::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr char kMetricsProtocol[] = "system_api";
constexpr size_t kFirstRead = 4 * 1024;
// After a last answer: how long and how much is read and dropped, so that the client gets to read
// the answer before the connection is reset.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);
constexpr size_t kMaxLingerBytes = 16 * 1024 * 1024;

std::chrono::nanoseconds Chrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

beast::string_view ToBeast(std::string_view text) { return {text.data(), text.size()}; }

std::string PathOf(beast::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

std::string AuthorizationOf(const http::request<http::string_body>& message) {
  if (message.count(http::field::authorization) != 1) return "";
  return std::string(message[http::field::authorization]);
}

// What a failed read means for the client: an answer, or none when it is beyond hearing.
struct ReadFailure {
  std::optional<HttpResponse> answer;
  std::optional<ClientError> counted;
};

ReadFailure Explain(const error_code& error) {
  if (error == http::error::end_of_stream) return {};
  if (error == beast::error::timeout) return {.answer = {}, .counted = ClientError::kTimeout};
  if (error == http::error::body_limit) {
    return {ErrorResponse(413, "BODY_TOO_LARGE", "the body is larger than 1 MiB"),
            ClientError::kTooLarge};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {ErrorResponse(431, "HEADERS_TOO_LARGE", "the request's head is larger than 8 KiB"),
            ClientError::kTooLarge};
  }
  if (error.category() != make_error_code(http::error::bad_value).category()) return {};
  return {ErrorResponse(400, "BAD_REQUEST", "this is no HTTP request: " + error.message()),
          ClientError::kMalformed};
}

http::response<http::string_body> ToMessage(HttpResponse response) {
  http::response<http::string_body> message;
  message.result(response.status);
  message.set(http::field::server, "srsproxy");
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.body() = std::move(response.body);
  message.prepare_payload();
  return message;
}

// Tells a client that there is no room for it, as far as this can be done at once.
void RefuseBusy(asio::ip::tcp::socket& socket) {
  auto message = ToMessage(ErrorResponse(503, "TOO_MANY_CONNECTIONS",
                                         "the System API has no connection left; try later"));
  message.keep_alive(false);
  error_code error;
  socket.non_blocking(true, error);
  http::write(socket, message, error);
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, error);
}

}  // namespace

HttpResponse ErrorResponse(unsigned status, std::string_view reason, std::string_view message) {
  const boost::json::value body = {
      {"code", status}, {"reason", ToBeast(reason)}, {"message", ToBeast(message)}};
  return {.status = status, .body = boost::json::serialize(body), .headers = {}};
}

struct HttpServer::Connection {
  explicit Connection(Tcp::socket socket_arg, std::string client_arg)
      : stream(std::move(socket_arg)), client(std::move(client_arg)) {}

  beast::tcp_stream stream;
  const std::string client;
  beast::flat_buffer buffer{kMaxHeadBytes + kMaxBodyBytes};
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
  auto& stream = connection.stream;
  auto& buffer = connection.buffer;
  auto timeout = kHeadTimeout;  // The first request is awaited no longer than any other's head.
  while (!stopping_) {
    if (buffer.size() == 0) {
      connection.idle_since = ++last_idle_;
      stream.expires_after(Chrono(timeout));
      const auto [error, bytes] =
          co_await stream.async_read_some(buffer.prepare(kFirstRead), net::kNoThrow);
      connection.idle_since = 0;
      if (error) co_return;
      buffer.commit(bytes);
    }
    timeout = kIdleTimeout;
    const bool goes_on = co_await ServeRequest(connection);
    if (!goes_on) co_return;
  }
}

net::Task<bool> HttpServer::ServeRequest(Connection& connection) {
  auto& stream = connection.stream;
  http::request_parser<http::string_body> parser;
  parser.header_limit(kMaxHeadBytes);
  parser.body_limit(kMaxBodyBytes);

  stream.expires_after(Chrono(kHeadTimeout));
  auto [error, bytes] =
      co_await http::async_read_header(stream, connection.buffer, parser, net::kNoThrow);
  if (!error && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, 11);
    stream.expires_after(Chrono(kWriteTimeout));
    std::tie(error, bytes) = co_await http::async_write(stream, go_on, net::kNoThrow);
  }
  if (!error) {
    stream.expires_after(Chrono(kBodyTimeout));
    std::tie(error, bytes) =
        co_await http::async_read(stream, connection.buffer, parser, net::kNoThrow);
  }
  if (error) {
    auto failure = Explain(error);
    if (failure.counted) metrics_.CountClientError(kMetricsProtocol, *failure.counted);
    if (failure.answer) {
      co_await Reply(connection, *std::move(failure.answer), /*head_only=*/false,
                     /*keep_alive=*/false);
    }
    co_return false;
  }

  auto& message = parser.get();
  const bool head_only = message.method() == http::verb::head;
  const bool keep_alive = message.keep_alive();
  HttpRequest request{.method = head_only ? "GET" : std::string(message.method_string()),
                      .path = PathOf(message.target()),
                      .body = std::move(message.body()),
                      .client = connection.client,
                      .authorization = AuthorizationOf(message)};
  stream.expires_never();
  auto response = co_await handler_(std::move(request));
  co_return co_await Reply(connection, std::move(response), head_only, keep_alive);
}

net::Task<bool> HttpServer::Reply(Connection& connection, HttpResponse response, bool head_only,
                                  bool keep_alive) {
  auto message = ToMessage(std::move(response));
  if (head_only) message.body().clear();  // Content-Length stays.
  message.keep_alive(keep_alive && !stopping_);
  connection.stream.expires_after(Chrono(kWriteTimeout));
  const auto [error, bytes] = co_await http::async_write(connection.stream, message, net::kNoThrow);
  if (error) co_return false;
  if (!message.keep_alive()) co_await Linger(connection);
  co_return message.keep_alive();
}

net::Task<void> HttpServer::Linger(Connection& connection) {
  auto& stream = connection.stream;
  error_code error;
  stream.socket().shutdown(Tcp::socket::shutdown_send, error);
  stream.expires_after(Chrono(kLingerTimeout));
  size_t dropped = 0;
  while (!error && dropped < kMaxLingerBytes) {
    connection.buffer.clear();
    const auto [failed, bytes] =
        co_await stream.async_read_some(connection.buffer.prepare(kFirstRead), net::kNoThrow);
    error = failed;
    dropped += bytes;
  }
}

}  // namespace srsproxy::control
