// Where origins may be: PROXY_ORIGIN_NETWORKS.
#pragma once

#include <vector>

#include "dataplane/core/network.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Whether every address at which the origin would be dialled lies in one of `networks`; always so
// when there are none. PERMISSION_DENIED with SCOPE_DENIED. A host name is denied too: where it
// leads can change after it was checked.
absl::Status CheckOriginNetworks(const OriginRegistration& registration,
                                 const std::vector<Network>& networks);

}  // namespace srsproxy::control
