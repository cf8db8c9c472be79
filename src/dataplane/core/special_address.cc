#include "dataplane/core/special_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <string>

namespace srsproxy {
namespace {

struct Kind {
  std::string_view name;
  Network network;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = [] {
    constexpr std::pair<std::string_view, std::string_view> kNetworks[] = {
        {"unspecified", "0.0.0.0/8"},     {"unspecified", "::"},
        {"link-local", "169.254.0.0/16"}, {"link-local", "fe80::/10"},
        {"multicast", "224.0.0.0/4"},     {"multicast", "ff00::/8"},
        {"broadcast", "255.255.255.255"}, {"a cloud's metadata service", "fd00:ec2::254"},
    };
    std::vector<Kind> all;
    for (const auto& [name, network] : kNetworks) all.push_back({name, *Network::Parse(network)});
    return all;
  }();
  return kinds;
}

std::string Ipv4Text(const uint8_t* bytes) {
  std::array<char, INET_ADDRSTRLEN> text;
  inet_ntop(AF_INET, bytes, text.data(), text.size());
  return text.data();
}

// The IPv4 address within `address`; the address itself where there is none.
std::string WithoutWrapping(std::string_view address) {
  std::string text(address);
  in6_addr v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  constexpr std::array<uint8_t, 12> kNat64{0x00, 0x64, 0xff, 0x9b};
  const uint8_t* bytes = v6.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6) || IN6_IS_ADDR_V4COMPAT(&v6) ||
      std::equal(kNat64.begin(), kNat64.end(), bytes)) {
    return Ipv4Text(bytes + 12);
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return Ipv4Text(bytes + 2);  // 6to4
  return text;
}

const Kind* KindOf(std::string_view plain_address) {
  const auto& kinds = Kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) {
    return kind.network.Contains(plain_address);
  });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace

std::optional<std::string_view> SpecialAddress(std::string_view address) {
  const Kind* kind = KindOf(WithoutWrapping(address));
  if (kind == nullptr) return std::nullopt;
  return kind->name;
}

bool NamesSpecialAddress(const std::vector<Network>& networks, std::string_view address) {
  const std::string plain = WithoutWrapping(address);
  const Kind* kind = KindOf(plain);
  if (kind == nullptr) return false;
  return std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
    return network.Contains(plain) && network.IsWithin(kind->network);
  });
}

}  // namespace srsproxy
