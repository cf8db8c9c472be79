// Addresses at which no origin is: what they are for, and whether an operator means one anyway.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "dataplane/core/network.h"

namespace srsproxy {

// What `address` is, when that is nothing that an origin could have: "unspecified", "link-local",
// "multicast", "broadcast", "a cloud's metadata service". An IPv4 address counts as such in each of
// the forms that IPv6 has for it: mapped, compatible, 6to4, NAT64. nullopt: an ordinary address, or
// none at all.
std::optional<std::string_view> SpecialAddress(std::string_view address);

// Whether one of `networks` names such an address: holds it, and nothing but addresses of its kind.
// A network as wide as 0.0.0.0/0 holds each of them and names none.
bool NamesSpecialAddress(const std::vector<Network>& networks, std::string_view address);

}  // namespace srsproxy
