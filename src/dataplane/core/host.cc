#include "dataplane/core/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <optional>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include "dataplane/core/status.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxNameLength = 253;
constexpr size_t kMaxLabelLength = 63;

std::optional<in_addr> ParseIpv4(std::string_view host) {
  in_addr address;
  if (host.size() >= INET_ADDRSTRLEN) return std::nullopt;
  if (inet_pton(AF_INET, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> ParseIpv6(std::string_view host) {
  in6_addr address;
  if (host.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  if (inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool IsLabel(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelLength) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

}  // namespace

bool IsIpAddress(std::string_view host) {
  if (host.find('\0') != std::string_view::npos) return false;
  return ParseIpv4(host).has_value() || ParseIpv6(host).has_value();
}

bool IsHostName(std::string_view host) {
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  if (host.empty() || host.size() > kMaxNameLength) return false;
  if (host.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  while (true) {
    const size_t dot = host.find('.');
    if (!IsLabel(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool IsWildcardHost(std::string_view host) {
  if (const auto v4 = ParseIpv4(host)) return v4->s_addr == INADDR_ANY;
  if (const auto v6 = ParseIpv6(host)) return IN6_IS_ADDR_UNSPECIFIED(&*v6);
  return false;
}

bool IsLoopbackHost(std::string_view host) {
  if (absl::EqualsIgnoreCase(ToAbsl(host), "localhost")) return true;
  if (const auto v4 = ParseIpv4(host)) return ntohl(v4->s_addr) >> 24 == 127;
  if (const auto v6 = ParseIpv6(host)) return IN6_IS_ADDR_LOOPBACK(&*v6);
  return false;
}

std::string CanonicalHost(std::string_view host) {
  if (const auto v6 = ParseIpv6(host)) {
    std::array<char, INET6_ADDRSTRLEN> text;
    inet_ntop(AF_INET6, &*v6, text.data(), text.size());
    return text.data();
  }
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return absl::AsciiStrToLower(ToAbsl(host));
}

}  // namespace srsproxy
