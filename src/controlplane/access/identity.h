// Who a caller is, and what it may touch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/enum_names.h"

namespace srsproxy::control {

enum class AccessRole : uint8_t {
  kOrigin,  // Registers an origin and keeps it registered.
  kViewer,  // Looks at everything and changes nothing.
  kAdmin,   // Everything.
  kPeer,    // Another proxy of the fleet.
};

constexpr auto NamesOf(AccessRole) {
  return EnumNames<AccessRole>({{AccessRole::kOrigin, "origin"},
                                {AccessRole::kViewer, "viewer"},
                                {AccessRole::kAdmin, "admin"},
                                {AccessRole::kPeer, "peer"}});
}

struct Identity {
  AccessRole role = AccessRole::kViewer;
  std::string name;                  // For messages and the log: "the token 'grafana'".
  std::vector<std::string> servers;  // Globs of the `server`s it may register. Empty: any.

  bool MayRegister(std::string_view server) const;
};

}  // namespace srsproxy::control
