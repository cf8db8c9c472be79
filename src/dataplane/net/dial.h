// Connecting to an origin.
#pragma once

#include <memory>
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

// One attempt to reach an origin. Cancel() ends it early, with CANCELLED. Used on one worker only.
class Dialer {
 public:
  // `rules` outlives it.
  Dialer(asio::any_io_executor executor, const DialRules& rules);

  // `host` is an address or a name; a name is resolved without blocking the worker, each of its
  // addresses that the rules allow is tried in turn, and `timeout` covers it all. When they allow
  // none: kForbidden, and the status of DialRules::Check.
  Task<DialResult> Dial(std::string host, uint16_t port, absl::Duration timeout);
  void Cancel();

 private:
  asio::any_io_executor executor_;
  const DialRules& rules_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  bool timed_out_ = false;
  bool cancelled_ = false;
};

}  // namespace srsproxy::net
