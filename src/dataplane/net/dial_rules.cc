#include "dataplane/net/dial_rules.h"

#include <netinet/in.h>

#include <algorithm>
#include <memory>

#include <ifaddrs.h>

#include "dataplane/core/hops.h"
#include "dataplane/core/host.h"
#include "dataplane/core/special_address.h"

namespace srsproxy::net {
namespace {

namespace ip = boost::asio::ip;

ip::address Unmapped(const ip::address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return ip::make_address_v4(ip::v4_mapped, address.to_v6());
}

std::optional<ip::address> AddressOf(const sockaddr* socket_address) {
  if (socket_address == nullptr) return std::nullopt;
  if (socket_address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(socket_address);
    return ip::address_v4(ntohl(v4->sin_addr.s_addr));
  }
  if (socket_address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(socket_address);
    ip::address_v6::bytes_type bytes;
    std::copy(std::begin(v6->sin6_addr.s6_addr), std::end(v6->sin6_addr.s6_addr), bytes.begin());
    return ip::address_v6(bytes);
  }
  return std::nullopt;
}

// Whether it is an address of this machine, now.
bool IsOwnAddress(const ip::address& address) {
  if (address.is_loopback() || address.is_unspecified()) return true;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  // Without a zone: a link-local address is compared as it stands.
  const ip::address wanted = address.is_v6() ? ip::address_v6(address.to_v6().to_bytes()) : address;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (AddressOf(entry->ifa_addr) == wanted) return true;
  }
  return false;
}

bool Covers(const ip::address& bound, const ip::address& dialled) {
  if (bound == dialled) return true;
  // What is unspecified leads to this machine.
  if (dialled.is_unspecified()) return bound.is_v4() == dialled.is_v4() && bound.is_loopback();
  return false;
}

}  // namespace

void DialRules::AddListener(std::string_view setting, std::string_view host, uint16_t port,
                            Transport transport) {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host), error);
  OwnListener listener{.setting = std::string(setting),
                       .address = std::nullopt,
                       .port = port,
                       .transport = transport};
  if (!error && !address.is_unspecified()) listener.address = Unmapped(address);
  const std::lock_guard lock(mutex_);
  own_.push_back(std::move(listener));
}

size_t DialRules::listeners() const {
  const std::lock_guard lock(mutex_);
  return own_.size();
}

absl::Status DialRules::Check(const ip::address& dialled, uint16_t port,
                              Transport transport) const {
  const ip::address address = Unmapped(dialled);
  const std::string text = address.to_string();
  if (const auto own = OwnListenerAt(address, port, transport); !own.empty()) {
    return LoopFailure(Side::kOrigin, JoinHostPort(text, port) + " is this proxy's own " + own +
                                          ": an origin has to be another process");
  }
  const std::string without_zone = text.substr(0, text.find('%'));
  const auto kind = SpecialAddress(without_zone);
  if (!kind.has_value() || NamesSpecialAddress(config_.Get()->origin_networks, without_zone)) {
    return absl::OkStatus();
  }
  return OriginFailure(absl::StatusCode::kPermissionDenied,
                       text + " is no address for an origin (" + std::string(*kind) +
                           "), and PROXY_ORIGIN_NETWORKS does not name it");
}

absl::Status DialRules::CheckHost(std::string_view host, uint16_t port, Transport transport) const {
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(host), error);
  if (!error) return Check(address, port, transport);
  if (!IsLoopbackHost(CanonicalHost(host))) return absl::OkStatus();
  const auto v4 = Check(ip::address_v4::loopback(), port, transport);
  return v4.ok() ? Check(ip::address_v6::loopback(), port, transport) : v4;
}

std::string DialRules::OwnListenerAt(const ip::address& address, uint16_t port,
                                     Transport transport) const {
  std::optional<bool> own;
  const std::lock_guard lock(mutex_);
  for (const OwnListener& listener : own_) {
    if (listener.port != port || listener.transport != transport) continue;
    if (listener.address.has_value()) {
      if (Covers(*listener.address, address)) return listener.setting;
      continue;
    }
    if (!own.has_value()) own = IsOwnAddress(address);
    if (*own) return listener.setting;
  }
  return "";
}

std::optional<ForbiddenEndpoint> FindForbidden(const OriginRegistration& registration,
                                               const DialRules& rules) {
  const std::pair<std::string_view, const std::vector<Endpoint>&> fields[] = {
      {"rtmp", registration.rtmp}, {"http", registration.http}, {"api", registration.api},
      {"srt", registration.srt},   {"rtc", registration.rtc},
  };
  for (const auto& [field, endpoints] : fields) {
    for (const Endpoint& endpoint : endpoints) {
      const Endpoint target = DialEndpoint(registration, endpoint);
      auto why = rules.CheckHost(target.host, target.port, target.transport);
      if (why.ok()) continue;
      return ForbiddenEndpoint{std::string(field), JoinHostPort(target.host, target.port),
                               std::move(why)};
    }
  }
  return std::nullopt;
}

}  // namespace srsproxy::net
