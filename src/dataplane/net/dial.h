// Connecting to an origin, or to where a setting says.
#pragma once

#include <string>

#include <absl/time/time.h>
#include <boost/asio/ip/tcp.hpp>

#include "dataplane/core/balancer.h"
#include "dataplane/core/status.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/task.h"

namespace srsproxy::net {

using asio::ip::tcp;

struct DialResult {
  absl::StatusOr<tcp::socket> socket;
  ConnectOutcome outcome = ConnectOutcome::kOk;
};

// One attempt to reach an origin, on the worker of `executor`. `host` is an address or a name; a
// name is resolved without blocking the worker, each of its addresses that `rules`, which outlive
// the attempt, allow is tried in turn, and `timeout` covers it all. When they allow none:
// kForbidden, and the status of DialRules::Check. CANCELLED: the coroutine was cancelled.
Task<DialResult> Dial(asio::any_io_executor executor, const DialRules& rules, std::string host,
                      uint16_t port, absl::Duration timeout);

// The same to where a setting of the operator leads, which no rules restrict. Its failures are the
// proxy's.
Task<absl::StatusOr<tcp::socket>> DialSetting(asio::any_io_executor executor, std::string host,
                                              uint16_t port, absl::Duration timeout);

}  // namespace srsproxy::net
