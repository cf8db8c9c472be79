#include "dataplane/net/listener.h"

#include <sys/socket.h>

#include <chrono>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dataplane/net/error.h"

namespace srsproxy::net {
namespace {

using boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int kBacklog = 4096;
constexpr auto kExhaustedPause = std::chrono::milliseconds(100);

// The address to bind; the IPv6 wildcard for an empty host, when the machine has IPv6.
template <typename InternetProtocol>
absl::StatusOr<typename InternetProtocol::endpoint> BindEndpoint(const ListenAddress& address) {
  using Endpoint = typename InternetProtocol::endpoint;
  asio::io_context io;
  if (address.host.empty()) {
    typename InternetProtocol::socket probe(io);
    error_code error;
    probe.open(InternetProtocol::v6(), error);
    return Endpoint(error ? InternetProtocol::v4() : InternetProtocol::v6(), address.port);
  }
  error_code error;
  typename InternetProtocol::resolver resolver(io);
  const auto results = resolver.resolve(address.host, std::to_string(address.port),
                                        asio::ip::resolver_base::passive, error);
  if (error || results.empty()) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        "cannot resolve '" + address.host + "': " + error.message());
  }
  return results.begin()->endpoint();
}

// Opens `socket` for `endpoint`; an empty host means both address families.
template <typename Socket, typename Endpoint>
void Open(Socket& socket, const Endpoint& endpoint, const ListenAddress& address,
          error_code& error) {
  socket.open(endpoint.protocol(), error);
  // For UDP, SO_REUSEADDR would let two processes share the port.
  if constexpr (std::is_same_v<typename Socket::protocol_type, tcp>) {
    if (!error) socket.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error && endpoint.address().is_v6()) {
    socket.set_option(asio::ip::v6_only(!address.host.empty()), error);
  }
}

absl::Status BindFailure(const ListenAddress& address, const error_code& error) {
  std::string text = "cannot listen on " + FormatListenAddress(address) + ": " + error.message();
  if (error == asio::error::address_in_use) {
    text += "; another process, perhaps another srsproxy, has this port";
  }
  return ProxyFailure(absl::StatusCode::kUnavailable, text);
}

template <typename InternetProtocol, typename Socket>
absl::Status Probe(const ListenAddress& address) {
  const auto endpoint = BindEndpoint<InternetProtocol>(address);
  if (!endpoint.ok()) return endpoint.status();
  asio::io_context io;
  Socket socket(io);
  error_code error;
  Open(socket, *endpoint, address, error);
  if (!error) socket.bind(*endpoint, error);
  return error ? BindFailure(address, error) : absl::OkStatus();
}

}  // namespace

absl::Status ProbeBind(const ListenAddress& address, Transport transport) {
  return transport == Transport::kTcp ? Probe<tcp, tcp::acceptor>(address)
                                      : Probe<asio::ip::udp, asio::ip::udp::socket>(address);
}

absl::StatusOr<std::vector<tcp::acceptor>> OpenListeners(const std::string& setting,
                                                         const ListenAddress& address,
                                                         const Workers& workers) {
  const auto named = [&setting](const absl::Status& status) {
    return ProxyFailure(status.code(), setting + ": " + std::string(MessageOf(status)));
  };
  if (const auto probed = ProbeBind(address, Transport::kTcp); !probed.ok()) return named(probed);
  auto endpoint = BindEndpoint<tcp>(address);
  if (!endpoint.ok()) return named(endpoint.status());

  std::vector<tcp::acceptor> acceptors;
  for (const auto& worker : workers) {
    tcp::acceptor acceptor(worker->io());
    error_code error;
    Open(acceptor, *endpoint, address, error);
    if (!error) acceptor.set_option(ReusePort(true), error);
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    if (error) return named(BindFailure(address, error));
    endpoint->port(acceptor.local_endpoint().port());
    acceptors.push_back(std::move(acceptor));
  }
  return acceptors;
}

Task<void> AcceptLoop(tcp::acceptor& acceptor, std::function<void(Incoming)> accepted,
                      std::function<void(const error_code&)> exhausted) {
  asio::steady_timer pause(acceptor.get_executor());
  while (acceptor.is_open()) {
    tcp::endpoint peer;
    auto [error, socket] = co_await acceptor.async_accept(peer, kNoThrow);
    if (error == asio::error::operation_aborted) co_return;
    if (!error) {
      accepted({std::move(socket), peer});
    } else if (IsOutOfResources(error)) {
      exhausted(error);
      pause.expires_after(kExhaustedPause);
      co_await pause.async_wait(kNoThrow);
    }
    // Any other error is the peer's: it left before it was accepted.
  }
}

}  // namespace srsproxy::net
