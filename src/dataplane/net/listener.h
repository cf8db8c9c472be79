// Listening sockets: one for each worker on the same port.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/status.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"

namespace srsproxy::net {

using asio::ip::tcp;

// Fails when somebody, another srsproxy included, listens on `address` already: a bind without
// SO_REUSEPORT, given up at once. A port of 0 is always free.
absl::Status ProbeBind(const ListenAddress& address, Transport transport);

// After a probe, opens one listening socket with SO_REUSEPORT on each worker. With port 0 all of
// them share the port that the first got. An empty host listens on IPv4 and IPv6. Errors name
// `setting` and the address.
absl::StatusOr<std::vector<tcp::acceptor>> OpenListeners(const std::string& setting,
                                                         const ListenAddress& address,
                                                         const Workers& workers);

// A connection that was accepted. Its socket does not know the peer's address any more when that
// one has reset it meanwhile.
struct Incoming {
  tcp::socket socket;
  tcp::endpoint peer;
};

// Accepts until the acceptor is closed and hands each connection on. Out of descriptors or memory
// it calls `exhausted` and pauses instead of spinning.
Task<void> AcceptLoop(tcp::acceptor& acceptor, std::function<void(Incoming)> accepted,
                      std::function<void(const boost::system::error_code&)> exhausted);

}  // namespace srsproxy::net
