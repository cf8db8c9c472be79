// Who a caller is, and what it may touch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace srsproxy::control {

enum class AccessRole : uint8_t {
  kOrigin,  // Registers an origin and keeps it registered.
  kViewer,  // Looks at everything and changes nothing.
  kAdmin,   // Everything.
  kPeer,    // Another proxy of the fleet.
};

// "origin", "viewer", "admin", "peer"
std::string_view AccessRoleName(AccessRole role);
std::optional<AccessRole> ParseAccessRole(std::string_view name);

struct Identity {
  AccessRole role = AccessRole::kViewer;
  std::string name;                  // For messages and the log: "the token 'grafana'".
  std::vector<std::string> servers;  // Globs of the `server`s it may register. Empty: any.

  bool MayRegister(std::string_view server) const;
};

}  // namespace srsproxy::control
