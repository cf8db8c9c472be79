// VhostPolicy: PROXY_VHOSTS, which hosts are vhosts of their own; all others mean the default
// vhost.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy {

inline constexpr std::string_view kDefaultVhost = "__defaultVhost__";

// Whether `name` may be a vhost: a host name, and none that keys' texts skip.
bool IsVhostName(std::string_view name);

class VhostPolicy {
 public:
  // As `*`.
  VhostPolicy() = default;

  // `setting`: `*`, `none`, or a comma separated list of host names.
  static absl::StatusOr<VhostPolicy> Parse(std::string_view setting);

  // The vhost that the `host` (no port) of an address means: a name with a dot, or one that is
  // listed.
  std::string Apply(std::string_view host) const;

  // The vhost that a client requested by name (`vhost=`): dots do not matter.
  std::string ApplyNamed(std::string_view vhost) const;

 private:
  bool all_ = true;
  std::vector<std::string> listed_;
};

}  // namespace srsproxy
