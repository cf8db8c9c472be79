#include "dataplane/core/endpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "dataplane/core/host.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

struct HostAndPort {
  std::string_view host;  // Without brackets; empty when there is none.
  std::string_view port;
};

bool ConsumePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// `port`, `:port`, `host:port`, `[ip6]:port`; nullopt when the text has another shape or the host
// is neither an address nor a name.
std::optional<HostAndPort> SplitHostPort(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t close = text.find("]:");
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view host = text.substr(1, close - 1);
    if (host.find(':') == std::string_view::npos || !IsIpAddress(host)) return std::nullopt;
    return HostAndPort{host, text.substr(close + 2)};
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostAndPort{{}, text};
  const HostAndPort split{text.substr(0, colon), text.substr(colon + 1)};
  if (!split.host.empty() && !IsIpAddress(split.host) && !IsHostName(split.host)) {
    return std::nullopt;
  }
  return split;
}

absl::Status Invalid(std::string_view text, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), ToAbsl(reason)));
}

absl::StatusOr<uint16_t> ParsePort(std::string_view text, std::string_view port, int lowest) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  const bool digits_only = !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  if (!digits_only) return Invalid(text, ": the port is not a number");
  if (error != std::errc() || value > 65535 || static_cast<int>(value) < lowest) {
    return Invalid(text, absl::StrCat(": the port is not in ", lowest, " to 65535"));
  }
  return static_cast<uint16_t>(value);
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(std::string_view text, Transport default_transport) {
  Endpoint endpoint;
  endpoint.transport = default_transport;
  std::string_view rest = text;
  if (ConsumePrefix(rest, "udp://")) {
    endpoint.transport = Transport::kUdp;
  } else if (ConsumePrefix(rest, "tcp://")) {
    endpoint.transport = Transport::kTcp;
  }
  const auto split = SplitHostPort(rest);
  if (!split.has_value()) {
    return Invalid(text, " is no listen address such as '1935', '0.0.0.0:1935' or '[::]:1935'");
  }
  const auto port = ParsePort(text, split->port, 1);
  if (!port.ok()) return port.status();
  endpoint.host = split->host;
  endpoint.port = *port;
  return endpoint;
}

std::string FormatEndpoint(const Endpoint& endpoint) {
  const char* scheme = endpoint.transport == Transport::kUdp ? "udp://" : "tcp://";
  if (endpoint.host.empty()) return absl::StrCat(scheme, endpoint.port);
  return absl::StrCat(scheme, JoinHostPort(endpoint.host, endpoint.port));
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  if (text == "off") return ListenAddress{};
  const auto split = SplitHostPort(text);
  if (!split.has_value()) {
    return Invalid(text, " is no listen address: write port, :port, host:port, [ip6]:port or off");
  }
  const auto port = ParsePort(text, split->port, 0);
  if (!port.ok()) return port.status();
  return ListenAddress{true, std::string(split->host), *port};
}

std::string FormatListenAddress(const ListenAddress& address) {
  if (!address.enabled) return "off";
  return JoinHostPort(address.host, address.port);
}

std::string JoinHostPort(std::string_view host, uint16_t port) {
  if (host.find(':') != std::string_view::npos) {
    return absl::StrCat("[", ToAbsl(host), "]:", port);
  }
  return absl::StrCat(ToAbsl(host), ":", port);
}

}  // namespace srsproxy
