// Where something listens: the listen strings that origins send, and the listen settings of this
// proxy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy {

enum class Transport : uint8_t { kTcp, kUdp };

// One listening port of an origin. `host` is empty when the origin listens on every address; the
// origin's registered ip is dialled then, and also when `host` is a wildcard or loopback address.
struct Endpoint {
  Transport transport = Transport::kTcp;
  std::string host;
  uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Reads `1935`, `:1935`, `0.0.0.0:1935`, `[::]:1935`, `tcp://0.0.0.0:1935`, `udp://0.0.0.0:8000`,
// `udp://8000`: what SRS sends in its heartbeat. Ports are 1 to 65535. INVALID_ARGUMENT
// names the text.
absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, Transport default_transport);

// `tcp://host:port` or `udp://port`, the form that ParseEndpoint reads back; IPv6 hosts in
// brackets.
std::string FormatEndpoint(const Endpoint& endpoint);

// A listen setting: `port`, `:port`, `host:port`, `[ip6]:port`, or `off`.
struct ListenAddress {
  bool enabled = false;
  std::string host;   // Empty: every address, IPv4 and IPv6 on one socket.
  uint16_t port = 0;  // 0: any free port; it is logged.

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);
std::string FormatListenAddress(const ListenAddress& address);

// `host:port`, with brackets around an IPv6 address.
std::string JoinHostPort(std::string_view host, uint16_t port);

}  // namespace srsproxy
