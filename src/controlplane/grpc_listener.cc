#include "controlplane/grpc_listener.h"

#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>

#include "dataplane/net/listener.h"

namespace srsproxy::control {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Of all descriptors, those that gRPC's clients leave to everything else.
constexpr rlim_t kMostLeft = 128;
constexpr rlim_t kShareLeft = 8;

// A new descriptor is the lowest one that is free, so a high one means that few are left.
bool IsOneOfTheLast(int descriptor) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
  const rlim_t left = std::min(kMostLeft, limit.rlim_cur / kShareLeft);
  return static_cast<rlim_t>(descriptor) + left >= limit.rlim_cur;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Open(const std::string& setting,
                                                                 const ListenAddress& address,
                                                                 Metrics& metrics) {
  std::unique_ptr<GrpcListener> listener(new GrpcListener(metrics));
  auto listening = net::OpenListeners(setting, address, listener->workers_);
  if (!listening.ok()) return listening.status();
  listener->listening_ = *std::move(listening);
  listener->port_ = listener->listening_.front().local_endpoint().port();
  return listener;
}

GrpcListener::GrpcListener(Metrics& metrics) : metrics_(metrics), workers_(net::MakeWorkers(1)) {}

GrpcListener::~GrpcListener() {
  if (acceptor_ != nullptr) {
    // From within, so that nothing runs there when the sockets are destroyed.
    std::promise<void> stopped;
    asio::post(workers_.front()->io(), [this, &stopped] {
      workers_.front()->Stop();
      stopped.set_value();
    });
    stopped.get_future().wait();
  }
  listening_.clear();
  workers_.clear();
}

void GrpcListener::Start(std::unique_ptr<Acceptor> acceptor) {
  acceptor_ = std::move(acceptor);
  auto accepted = [this](net::Incoming client) { HandOn(std::move(client.socket)); };
  auto exhausted = [this](const error_code&) {
    metrics_.limit_rejections.Increment(LimitReason::kDescriptors);
  };
  auto& io = workers_.front()->io();
  asio::co_spawn(io, net::AcceptLoop(listening_.front(), std::move(accepted), std::move(exhausted)),
                 asio::detached);
  asio::post(io, [] { pthread_setname_np(pthread_self(), "grpc-accept"); });
  workers_.front()->Start();
}

void GrpcListener::HandOn(Tcp::socket socket) {
  if (IsOneOfTheLast(socket.native_handle())) {
    return metrics_.limit_rejections.Increment(LimitReason::kDescriptors);
  }
  error_code error;
  socket.native_non_blocking(true, error);
  if (!error) socket.set_option(Tcp::no_delay(true), error);
  if (error) return;  // The client has left.
  Acceptor::NewConnectionParameters connection;
  connection.fd = socket.release(error);
  if (!error) acceptor_->HandleNewConnection(&connection);
}

}  // namespace srsproxy::control
