// HttpConnection: one client of HttpServer, its requests and the responses to them, one after
// another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <absl/time/time.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "dataplane/core/metrics.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/http/message_reader.h"
#include "dataplane/protocol/http/response.h"

namespace srsproxy::control {

struct HttpRequest {
  std::string method;  // "GET" for HEAD too: the response's body is left out.
  std::string path;    // Without the query.
  std::string body;
  std::string client;         // The address without a port.
  std::string authorization;  // The header; empty: there is none, or several.
};

// `{"code":<status>,"reason":"<reason>","message":"<message>"}`
http::Response ErrorResponse(unsigned status, std::string_view reason, std::string_view message);

// Runs on the server's thread, so it must not block; it must end within a time of its own.
using HttpHandler = std::function<net::Task<http::Response>(HttpRequest)>;

// What the connections of one server share. Of the server's thread.
struct HttpServerState {
  const HttpHandler handler;
  Metrics& metrics;
  bool stopping = false;   // Each connection ends with its next response.
  uint64_t last_idle = 0;  // The latest idle_since() that was given out.
};

// Of the server's thread. A limit and a deadline on everything that the client can hold.
class HttpConnection {
 public:
  static constexpr size_t kMaxHeadBytes = 8 * 1024;
  static constexpr uint64_t kMaxBodyBytes = 1024 * 1024;
  static constexpr absl::Duration kIdleTimeout = absl::Seconds(75);  // Between requests.
  static constexpr absl::Duration kHeadTimeout = absl::Seconds(10);
  static constexpr absl::Duration kBodyTimeout = absl::Seconds(10);
  static constexpr absl::Duration kWriteTimeout = absl::Seconds(10);

  // `client`: its address. `shared` outlives the connection.
  HttpConnection(boost::asio::ip::tcp::socket socket, std::string client, HttpServerState& shared);

  // Until the client or the server ends the connection; then Close is to be called.
  net::Task<void> Serve();
  // Ends Serve.
  void Close();

  // While it waits for the first byte of a request: its place in the order of becoming idle; else
  // 0.
  uint64_t idle_since() const { return idle_since_; }

 private:
  // All: nullopt or false when the connection is to be closed, and its last response was sent.
  net::Task<std::optional<http::RequestHead>> ReadHead(absl::Duration patience);
  net::Task<std::optional<std::string>> ReadBody();
  net::Task<bool> ReadMore(absl::Duration patience);
  net::Task<bool> ServeRequest(http::RequestHead head);
  net::Task<bool> Reply(http::Response response, const http::RequestHead& request);
  net::Task<void> Reject(http::HeadError error);
  net::Task<void> LingeringClose();

  boost::beast::tcp_stream stream_;
  const std::string client_;
  HttpServerState& shared_;
  // An agent that requests /healthz need not name a host.
  http::MessageReader reader_{
      {.max_head = kMaxHeadBytes, .max_body = kMaxBodyBytes, .host_needed = false}};
  uint64_t idle_since_ = 0;
};

}  // namespace srsproxy::control
