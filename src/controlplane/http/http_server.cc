#include "controlplane/http/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <pthread.h>

#include "dataplane/net/listener.h"
#include "dataplane/net/tcp_stream.h"

namespace srsproxy::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Answers a client that there is no room for it, as far as this can be done at once.
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

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& setting,
                                                              const ListenAddress& address,
                                                              HttpHandler handler,
                                                              Metrics& metrics) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler), metrics));
  auto acceptors = net::OpenListeners(setting, address, server->workers_);
  if (!acceptors.ok()) return acceptors.status();
  server->acceptors_ = *std::move(acceptors);
  auto& acceptor = server->acceptors_.front();
  server->port_ = acceptor.local_endpoint().port();
  auto accepted = [raw = server.get()](net::Incoming client) { raw->Accepted(std::move(client)); };
  auto exhausted = [&metrics](const error_code&) {
    metrics.limit_rejections.Increment(LimitReason::kDescriptors);
  };
  asio::co_spawn(server->workers_.front()->io(),
                 net::AcceptLoop(acceptor, std::move(accepted), std::move(exhausted)),
                 asio::detached);
  asio::post(server->workers_.front()->io(),
             [] { pthread_setname_np(pthread_self(), "control-http"); });
  server->workers_.front()->Start();
  return server;
}

HttpServer::HttpServer(HttpHandler handler, Metrics& metrics)
    : counters_(metrics.AddWorker()),
      workers_(net::MakeWorkers(1)),
      shared_{std::move(handler), metrics} {}

HttpServer::~HttpServer() { Stop(absl::ZeroDuration()); }

void HttpServer::Stop(absl::Duration grace) {
  if (acceptors_.empty()) return;
  auto& worker = *workers_.front();
  asio::post(worker.io(), [this] {
    shared_.stopping = true;
    error_code ignored;
    acceptors_.front().close(ignored);
    CloseConnections(/*idle_only=*/true);
  });
  const auto all_ended = [this] { return open_ == 0; };
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoNanoseconds(grace), all_ended);
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
    if (connection->idle_since() != 0 || !idle_only) connection->Close();
  }
}

bool HttpServer::CloseLongestIdle() {
  HttpConnection* longest = nullptr;
  for (auto* connection : connections_) {
    if (connection->idle_since() == 0) continue;
    if (longest == nullptr || connection->idle_since() < longest->idle_since()) {
      longest = connection;
    }
  }
  if (longest == nullptr) return false;
  longest->Close();
  return true;
}

void HttpServer::Accepted(net::Incoming client) {
  if (shared_.stopping) return;
  if (connections_.size() >= kMaxConnections) {
    shared_.metrics.limit_rejections.Increment(LimitReason::kConnections);
    if (!CloseLongestIdle()) {
      RefuseBusy(client.socket);
      return;
    }
  }
  auto connection =
      std::make_shared<HttpConnection>(std::move(client.socket), net::HostOf(client.peer), shared_);
  connections_.insert(connection.get());
  counters_.ConnectionOpened(Listener::kSystemApi);
  {
    const std::lock_guard lock(mutex_);
    ++open_;
  }
  asio::co_spawn(workers_.front()->io(), Run(std::move(connection)), asio::detached);
}

net::Task<void> HttpServer::Run(std::shared_ptr<HttpConnection> connection) {
  co_await connection->Serve();
  connections_.erase(connection.get());
  counters_.ConnectionClosed(Listener::kSystemApi);
  connection->Close();
  const std::lock_guard lock(mutex_);
  --open_;
  changed_.notify_all();
}

}  // namespace srsproxy::control
