// Networks of IP addresses: who may call, and where origins may be.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy {

// One network in CIDR form. An IPv4 address that is mapped to IPv6 (::ffff:10.0.0.7) counts as the
// IPv4 address everywhere, so no IPv6 network but those within ::ffff:0:0/96 holds one.
class Network {
 public:
  // Reads `10.0.0.0/8`, `2001:db8::/32`, or one address. INVALID_ARGUMENT names the text, and the
  // network that may have been meant where bits beyond the prefix are set.
  static absl::StatusOr<Network> Parse(std::string_view text);

  // False for what is no IP address.
  bool Contains(std::string_view address) const;

  // Whether every address of this network is one of `other`.
  bool IsWithin(const Network& other) const;

  // In the form that Parse reads.
  std::string ToString() const;

  friend bool operator==(const Network&, const Network&) = default;

 private:
  // An address in network order; the last 12 bytes of an IPv4 address are 0.
  struct Address {
    bool v6 = false;
    std::array<uint8_t, 16> bytes{};

    friend bool operator==(const Address&, const Address&) = default;
  };

  static bool ParseAddress(std::string_view text, Address& address);
  static Address Masked(Address address, unsigned prefix);

  Address base_;
  unsigned prefix_ = 0;
};

// Whether one of `networks` holds `address`; also when there are none: no networks limit nothing.
bool Admits(const std::vector<Network>& networks, std::string_view address);

}  // namespace srsproxy
