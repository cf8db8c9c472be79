// Which roles may make which calls: the one table, and what depends on the request.
#pragma once

#include <span>
#include <string_view>

#include <google/protobuf/message.h>

#include "controlplane/access/identity.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

struct Permission {
  std::string_view method;  // "srsproxy.v1.OriginService/RegisterOrigin"
  bool origin = false;
  bool viewer = false;
  bool peer = false;

  bool Allows(AccessRole role) const;  // An admin may make every call.
};

// One row for every call of every service in srsproxy.v1.
std::span<const Permission> AllPermissions();

// OK, or PERMISSION_DENIED with ROLE_DENIED. INTERNAL: the table lacks `method`.
absl::Status CheckRole(std::string_view method, const Identity& identity);

// What a role may do only to some targets: an origin registers the servers that its token names,
// and ends only its own lease. PERMISSION_DENIED with SCOPE_DENIED or ROLE_DENIED.
absl::Status CheckScope(const google::protobuf::Message& request, const Identity& identity);

}  // namespace srsproxy::control
