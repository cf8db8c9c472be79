// HttpServer: a small HTTP/1.1 server for the control port, on one thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include <absl/time/time.h>
#include <boost/asio/ip/tcp.hpp>

#include "controlplane/http/http_connection.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"

namespace srsproxy::control {

// Started by Start, stopped by Stop or the destructor; all other calls from any thread.
class HttpServer {
 public:
  // When all are taken, a new one replaces the one that has been idle longest; when none is idle
  // it is answered 503.
  static constexpr size_t kMaxConnections = 256;

  // `address` must be enabled. Errors name `setting` and the address. `metrics` outlives the
  // server.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& setting,
                                                           const ListenAddress& address,
                                                           HttpHandler handler, Metrics& metrics);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  uint16_t port() const { return port_; }

  // Closes the port and the idle connections, lets requests end for at most `grace`, then closes
  // every connection and waits for the handlers. Blocking.
  void Stop(absl::Duration grace);

 private:
  using Tcp = boost::asio::ip::tcp;

  HttpServer(HttpHandler handler, Metrics& metrics);

  void Accepted(net::Incoming client);
  net::Task<void> Run(std::shared_ptr<HttpConnection> connection);
  void CloseConnections(bool idle_only);
  bool CloseLongestIdle();

  WorkerMetrics& counters_;
  net::Workers workers_;  // One.
  std::vector<Tcp::acceptor> acceptors_;
  uint16_t port_ = 0;

  // Of the server's thread.
  std::unordered_set<HttpConnection*> connections_;
  HttpServerState shared_;

  std::mutex mutex_;
  std::condition_variable changed_;  // open_ or stopped_.
  size_t open_ = 0;                  // Connections. Guarded by mutex_.
  bool stopped_ = false;             // No handler runs any more. Guarded by mutex_.
};

}  // namespace srsproxy::control
