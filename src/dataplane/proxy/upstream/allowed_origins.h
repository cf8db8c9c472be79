// Which origins may be connected to at all, by the settings and by this proxy's own listeners.
#pragma once

#include <cstddef>
#include <memory>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/config.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/status.h"
#include "dataplane/net/dial_rules.h"

namespace srsproxy {

// Ends the registrations that came before it was known that they are not allowed: whatever changes
// PROXY_ORIGIN_NETWORKS or opens a listener may forbid them. Used by one thread.
class AllowedOrigins {
 public:
  // All outlive it.
  AllowedOrigins(OriginRegistry& origins, const LiveConfig& config, const net::DialRules& rules)
      : origins_(origins), config_(config), rules_(rules) {}

  // Looks when something has changed.
  void Review();

 private:
  OriginRegistry& origins_;
  const LiveConfig& config_;
  const net::DialRules& rules_;
  // What was looked by last.
  std::shared_ptr<const Config> reviewed_config_;
  size_t reviewed_listeners_ = 0;
};

// Registers the origin of PROXY_DEFAULT_BACKEND_*, where it is enabled. Errors name the settings.
absl::Status RegisterDefaultBackend(const Config& config, const net::DialRules& rules,
                                    OriginRegistry& origins);

}  // namespace srsproxy
