// ORIGIN on a command line: server, device_id, id, or a unique prefix of one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "srsproxy/v1/origin.pb.h"
#include "tools/srsproxyctl/client/client.h"

namespace srsproxy::ctl {

// The origin among `origins` that `selector` means: the one with that id, else with that server or
// device_id, else with one of these beginning so. NOT_FOUND: none. INVALID_ARGUMENT: several, and
// the message lists them.
absl::StatusOr<v1::Origin> SelectOrigin(const std::vector<v1::Origin>& origins,
                                        std::string_view selector);

// The same among all origins of the proxy.
absl::StatusOr<v1::Origin> FindOrigin(Client& client, std::string_view selector);

// Its id; empty when `selector` is.
absl::StatusOr<std::string> FindOriginId(Client& client, std::string_view selector);

}  // namespace srsproxy::ctl
