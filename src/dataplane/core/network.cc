#include "dataplane/core/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

#include <absl/strings/str_cat.h>

#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

constexpr unsigned kV4Bits = 32;
constexpr unsigned kV6Bits = 128;
constexpr unsigned kMappedBits = kV6Bits - kV4Bits;  // The prefix ::ffff:0:0/96.

absl::Status NoNetwork(std::string_view text, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " is no network: ", ToAbsl(problem),
                                                 "; write 10.0.0.0/8, 2001:db8::/32 or one "
                                                 "address"));
}

}  // namespace

absl::StatusOr<Network> Network::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  Network network;
  if (!ParseAddress(host, network.base_)) return NoNetwork(text, "the address cannot be read");
  // A mapped IPv4 network is written with the prefix of its IPv6 form.
  const bool written_as_v6 = host.find(':') != std::string_view::npos;
  const bool mapped = written_as_v6 && !network.base_.v6;
  const unsigned bits = written_as_v6 ? kV6Bits : kV4Bits;

  network.prefix_ = bits;
  if (slash != std::string_view::npos) {
    const std::string_view prefix = text.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(prefix.data(), prefix.data() + prefix.size(), network.prefix_);
    if (error != std::errc() || end != prefix.data() + prefix.size() || network.prefix_ > bits) {
      return NoNetwork(text, absl::StrCat("the prefix is not in 0 to ", bits));
    }
  }
  if (mapped) {
    if (network.prefix_ < kMappedBits) {
      return NoNetwork(text, "a mapped IPv4 network has a prefix of at least 96");
    }
    network.prefix_ -= kMappedBits;
  }
  const Address masked = Masked(network.base_, network.prefix_);
  if (masked != network.base_) {
    network.base_ = masked;
    return absl::InvalidArgumentError(absl::StrCat(Quoted(text), " has bits beyond its prefix; ",
                                                   network.ToString(), " would be a network"));
  }
  return network;
}

bool Network::Contains(std::string_view address) const {
  Address parsed;
  return ParseAddress(address, parsed) && parsed.v6 == base_.v6 && Masked(parsed, prefix_) == base_;
}

bool Network::IsWithin(const Network& other) const {
  return base_.v6 == other.base_.v6 && prefix_ >= other.prefix_ &&
         Masked(base_, other.prefix_) == other.base_;
}

std::string Network::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text;
  inet_ntop(base_.v6 ? AF_INET6 : AF_INET, base_.bytes.data(), text.data(), text.size());
  const bool one_address = prefix_ == (base_.v6 ? kV6Bits : kV4Bits);
  return one_address ? std::string(text.data()) : absl::StrCat(text.data(), "/", prefix_);
}

bool Network::ParseAddress(std::string_view text, Address& address) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return false;
  const std::string host(text);
  if (inet_pton(AF_INET, host.c_str(), address.bytes.data()) == 1) {
    address.v6 = false;
    return true;
  }
  in6_addr v6;
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  address.v6 = !IN6_IS_ADDR_V4MAPPED(&v6);
  address.bytes = {};
  const size_t skipped = address.v6 ? 0 : 12;  // Of ::ffff:a.b.c.d
  std::copy(std::begin(v6.s6_addr) + skipped, std::end(v6.s6_addr), address.bytes.begin());
  return true;
}

Network::Address Network::Masked(Address address, unsigned prefix) {
  size_t byte = prefix / 8;
  if (byte < address.bytes.size() && prefix % 8 != 0) {
    address.bytes[byte] &= static_cast<uint8_t>(0xff << (8 - prefix % 8));
    ++byte;
  }
  std::fill(address.bytes.begin() + static_cast<ptrdiff_t>(byte), address.bytes.end(), 0);
  return address;
}

bool Admits(const std::vector<Network>& networks, std::string_view address) {
  return networks.empty() ||
         std::any_of(networks.begin(), networks.end(),
                     [address](const Network& network) { return network.Contains(address); });
}

}  // namespace srsproxy
