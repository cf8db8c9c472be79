// A small HTTP/1.1 server for the control port: one thread, keep-alive, and a limit and a deadline
// on everything a client can hold.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <absl/time/time.h>
#include <boost/asio/ip/tcp.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/http/response.h"

namespace srsproxy::control {

struct HttpRequest {
  std::string method;  // "GET" for HEAD too: the server leaves out the body.
  std::string path;    // Without the query.
  std::string body;
  std::string client;         // The address without a port.
  std::string authorization;  // The header; empty: there is none, or several.
};

// `{"code":<status>,"reason":"<reason>","message":"<message>"}`
http::Response ErrorResponse(unsigned status, std::string_view reason, std::string_view message);

// Started by Start, stopped by Stop or the destructor; all other calls from any thread.
class HttpServer {
 public:
  // Runs on the server's thread, so it must not block; it must end within a time of its own.
  using Handler = std::function<net::Task<http::Response>(HttpRequest)>;

  // When all are taken, a new one replaces the one that has been idle longest; when none is idle
  // it is answered 503.
  static constexpr size_t kMaxConnections = 256;
  static constexpr size_t kMaxHeadBytes = 8 * 1024;
  static constexpr uint64_t kMaxBodyBytes = 1024 * 1024;
  static constexpr absl::Duration kIdleTimeout = absl::Seconds(75);  // Between requests.
  static constexpr absl::Duration kHeadTimeout = absl::Seconds(10);
  static constexpr absl::Duration kBodyTimeout = absl::Seconds(10);
  static constexpr absl::Duration kWriteTimeout = absl::Seconds(10);

  // `address` must be enabled. Errors name `setting` and the address. `metrics` outlives the
  // server.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& setting,
                                                           const ListenAddress& address,
                                                           Handler handler, Metrics& metrics);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  uint16_t port() const { return port_; }

  // Closes the port and the idle connections, lets requests end for at most `grace`, then closes
  // every connection and waits for the handlers. Blocking.
  void Stop(absl::Duration grace);

 private:
  using Tcp = boost::asio::ip::tcp;
  struct Connection;

  HttpServer(Handler handler, Metrics& metrics);

  void Accepted(net::Incoming client);
  net::Task<void> Run(std::shared_ptr<Connection> connection);
  net::Task<void> ServeConnection(Connection& connection);
  // All: nullopt or false when the connection is to be closed, and what had to be said was said.
  net::Task<std::optional<http::RequestHead>> ReadHead(Connection& connection,
                                                       absl::Duration patience);
  net::Task<std::optional<std::string>> ReadBody(Connection& connection);
  net::Task<bool> ReadMore(Connection& connection, absl::Duration patience);
  net::Task<bool> ServeRequest(Connection& connection, http::RequestHead head);
  net::Task<bool> Reply(Connection& connection, http::Response response,
                        const http::RequestHead& request);
  net::Task<void> Reject(Connection& connection, http::HeadError error);
  net::Task<void> Linger(Connection& connection);
  void CloseConnections(bool idle_only);
  bool CloseLongestIdle();

  const Handler handler_;
  Metrics& metrics_;
  WorkerMetrics& counters_;
  net::Workers workers_;  // One.
  std::vector<Tcp::acceptor> acceptors_;
  uint16_t port_ = 0;

  // Of the server's thread.
  std::unordered_set<Connection*> connections_;
  uint64_t last_idle_ = 0;
  bool stopping_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;  // open_ or stopped_.
  size_t open_ = 0;                  // Connections. Guarded by mutex_.
  bool stopped_ = false;             // No handler runs any more. Guarded by mutex_.
};

}  // namespace srsproxy::control
