// Where this proxy must not connect to when it looks for an origin: its own listeners, and
// addresses that no origin has. Checked with the address itself, after a name was resolved and
// before anything is connected, so that nothing depends on what the name led to a moment ago.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"

namespace srsproxy::net {

// Thread-safe.
class DialRules {
 public:
  // PROXY_ORIGIN_NETWORKS is read from `config`, which outlives it.
  explicit DialRules(const LiveConfig& config) : config_(config) {}
  DialRules(const DialRules&) = delete;
  DialRules& operator=(const DialRules&) = delete;

  // This process listens there, for good. An empty host, and a name, mean every address of this
  // machine. `setting`: "rtmp_server".
  void AddListener(std::string_view setting, std::string_view host, uint16_t port,
                   Transport transport = Transport::kTcp);

  // How many own listeners are known; they only grow.
  size_t listeners() const;

  // OK, or why `address` must not be connected to, with the origin at fault; the message names the
  // address. LoopFailure: it is an own listener. PERMISSION_DENIED: it is a special address
  // (core/special_address.h), and PROXY_ORIGIN_NETWORKS does not name it.
  absl::Status Check(const boost::asio::ip::address& address, uint16_t port,
                     Transport transport = Transport::kTcp) const;

  // The same for what stands in a registration or a setting: an address, or `localhost`. Another
  // name is OK: where it leads is checked when it is dialled.
  absl::Status CheckHost(std::string_view host, uint16_t port,
                         Transport transport = Transport::kTcp) const;

 private:
  struct OwnListener {
    std::string setting;
    std::optional<boost::asio::ip::address> address;  // Absent: every address.
    uint16_t port = 0;
    Transport transport = Transport::kTcp;
  };

  // The one that a connection to `address` would reach; empty: none.
  std::string OwnListenerAt(const boost::asio::ip::address& address, uint16_t port,
                            Transport transport) const;

  const LiveConfig& config_;
  mutable std::mutex mutex_;  // Guards own_.
  std::vector<OwnListener> own_;
};

// The first endpoint of a registration that must not be connected to.
struct ForbiddenEndpoint {
  std::string field;    // "rtmp"
  std::string address;  // host:port
  absl::Status why;     // As DialRules::CheckHost.
};
std::optional<ForbiddenEndpoint> FindForbidden(const OriginRegistration& registration,
                                               const DialRules& rules);

}  // namespace srsproxy::net
