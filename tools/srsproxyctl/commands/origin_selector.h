// ORIGIN on a command line: server, device_id, id, or a unique prefix of one. The proxy decides
// which origin it means.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/statusor.h>

#include "srsproxy/v1/origin.pb.h"
#include "tools/srsproxyctl/client/client.h"

namespace srsproxy::ctl {

// The registered origin that `selector` means. NOT_FOUND: none. INVALID_ARGUMENT: several, and the
// message lists them.
absl::StatusOr<v1::Origin> FindOrigin(Client& client, std::string_view selector);

// Its id; empty when `selector` is.
absl::StatusOr<std::string> FindOriginId(Client& client, std::string_view selector);

}  // namespace srsproxy::ctl
