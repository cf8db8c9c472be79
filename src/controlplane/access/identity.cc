#include "controlplane/access/identity.h"

#include <algorithm>
#include <iterator>

#include <fnmatch.h>

namespace srsproxy::control {
namespace {

constexpr AccessRole kAllRoles[] = {AccessRole::kOrigin, AccessRole::kViewer, AccessRole::kAdmin,
                                    AccessRole::kPeer};

}  // namespace

std::string_view AccessRoleName(AccessRole role) {
  switch (role) {
    case AccessRole::kOrigin:
      return "origin";
    case AccessRole::kViewer:
      return "viewer";
    case AccessRole::kAdmin:
      return "admin";
    case AccessRole::kPeer:
      return "peer";
  }
  return "unknown";
}

std::optional<AccessRole> ParseAccessRole(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kAllRoles), std::end(kAllRoles),
                   [name](AccessRole role) { return AccessRoleName(role) == name; });
  if (found == std::end(kAllRoles)) return std::nullopt;
  return *found;
}

bool Identity::MayRegister(std::string_view server) const {
  if (servers.empty()) return true;
  const std::string wanted(server);
  return std::any_of(servers.begin(), servers.end(), [&wanted](const std::string& glob) {
    return fnmatch(glob.c_str(), wanted.c_str(), 0) == 0;
  });
}

}  // namespace srsproxy::control
