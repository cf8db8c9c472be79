// Who makes a call.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "controlplane/access/identity.h"

namespace srsproxy::control {

struct CallContext {
  std::string caller;                        // The caller's address without a port.
  std::shared_ptr<const Identity> identity;  // Null when the call was not admitted.
};

// The address in what gRPC calls a peer: `ipv4:10.0.0.7:5000` or `ipv6:%5B::1%5D:5000`; any other
// text is returned unchanged. An IPv4 address mapped to IPv6 is given as IPv4.
std::string HostOfPeer(std::string_view peer);

}  // namespace srsproxy::control
