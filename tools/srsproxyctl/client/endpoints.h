// Where proxies are: --endpoint, parsed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

namespace srsproxy::ctl {

inline constexpr char kDefaultEndpoint[] = "127.0.0.1:12026";

// Reads a comma list of `host`, `host:port` or `[ip6]:port`; the default port is 12026.
// INVALID_ARGUMENT names the part that is wrong.
absl::StatusOr<std::vector<std::string>> ParseEndpoints(std::string_view text);

// Whether an endpoint that ParseEndpoints returned is on this machine for sure: a loopback address,
// or `localhost`.
bool IsLoopback(std::string_view endpoint);

}  // namespace srsproxy::ctl
