// The port of the gRPC server, accepted here: gRPC's own listener ends for good when it is once out
// of descriptors, and takes the last one of the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <grpcpp/server_builder.h>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/worker.h"

namespace srsproxy::control {

class GrpcListener {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // Opens the port; connections wait until Start. Errors name `setting` and the address. `metrics`
  // outlives the listener.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Open(const std::string& setting,
                                                            const ListenAddress& address,
                                                            Metrics& metrics);

  GrpcListener(const GrpcListener&) = delete;
  GrpcListener& operator=(const GrpcListener&) = delete;
  // Closes the port. Blocking, for as long as a connection is being handed on.
  ~GrpcListener();

  uint16_t port() const { return port_; }

  // Hands every connection on to the server behind `acceptor`, which runs until this listener is
  // gone. Once. A connection that would take one of the last descriptors is closed, and counted.
  void Start(std::unique_ptr<Acceptor> acceptor);

 private:
  using Tcp = boost::asio::ip::tcp;

  explicit GrpcListener(Metrics& metrics);

  void HandOn(Tcp::socket socket);

  Metrics& metrics_;
  std::unique_ptr<Acceptor> acceptor_;
  net::Workers workers_;  // One.
  std::vector<Tcp::acceptor> listening_;
  uint16_t port_ = 0;
};

}  // namespace srsproxy::control
