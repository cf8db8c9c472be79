#include "tools/srsproxyctl/client/endpoints.h"

#include <arpa/inet.h>

#include <charconv>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy::ctl {
namespace {

constexpr std::string_view kDefaultPort = "12026";

bool IsPort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

// `host:port` of one endpoint; nullopt when it is not one.
std::optional<std::string> ReadEndpoint(std::string_view text) {
  size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos) return std::nullopt;
    ++host_end;
  }
  const std::string_view host = text.substr(0, host_end);
  const std::string_view rest = text.substr(host.size());
  if (host.empty() || host.find_first_of("/ ") != std::string_view::npos) return std::nullopt;
  if (rest.empty()) return std::string(host) + ":" + std::string(kDefaultPort);
  if (!rest.starts_with(':') || !IsPort(rest.substr(1))) return std::nullopt;
  return std::string(text);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseEndpoints(std::string_view text) {
  std::vector<std::string> endpoints;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    std::optional<std::string> endpoint = ReadEndpoint(part);
    if (!endpoint.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", std::string(part), "' is no endpoint: write host:port, for example ",
                       kDefaultEndpoint, ", or several separated by commas"));
    }
    endpoints.push_back(*std::move(endpoint));
    if (comma == std::string_view::npos) return endpoints;
    text.remove_prefix(comma + 1);
  }
}

bool IsLoopback(std::string_view endpoint) {
  std::string host(endpoint.substr(0, endpoint.rfind(':')));
  if (host == "localhost") return true;
  in_addr ip4{};
  if (inet_pton(AF_INET, host.c_str(), &ip4) == 1) return ntohl(ip4.s_addr) >> 24 == 127;
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  host = host.substr(1, host.size() - 2);
  in6_addr ip6{};
  return inet_pton(AF_INET6, host.c_str(), &ip6) == 1 && IN6_IS_ADDR_LOOPBACK(&ip6);
}

}  // namespace srsproxy::ctl
