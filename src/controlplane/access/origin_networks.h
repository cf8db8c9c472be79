// Where origins may be: PROXY_ORIGIN_NETWORKS, and where none is.
#pragma once

#include <string_view>
#include <vector>

#include "dataplane/core/network.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "dataplane/net/dial_rules.h"

namespace srsproxy::control {

// Whether every address at which the origin would be dialled lies in one of `networks`; always so
// when there are none. PERMISSION_DENIED with SCOPE_DENIED. A host name is denied too: where it
// leads can change after it was checked.
absl::Status CheckOriginNetworks(const OriginRegistration& registration,
                                 const std::vector<Network>& networks);

// The name in a registration's `ip` that has to be looked up for CheckOriginAddresses; empty: it is
// none, or is denied anyway because there are networks.
std::string_view NameToLookUp(std::string_view ip, const std::vector<Network>& networks);

// Whether `rules` let this proxy connect to the origin, of whose ip it is known that it leads to
// these addresses when it is a name: to one of them is enough. The message names the field.
// FAILED_PRECONDITION with OWN_LISTENER: it is this proxy itself. PERMISSION_DENIED with
// ADDRESS_FORBIDDEN: it is no address for an origin.
absl::Status CheckOriginAddresses(const OriginRegistration& registration,
                                  const std::vector<boost::asio::ip::address>& ip_leads_to,
                                  const net::DialRules& rules);

}  // namespace srsproxy::control
