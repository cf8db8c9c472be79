#include "controlplane/access/identity.h"

#include <algorithm>

#include <fnmatch.h>

namespace srsproxy::control {

bool Identity::MayRegister(std::string_view server) const {
  if (servers.empty()) return true;
  const std::string wanted(server);
  return std::any_of(servers.begin(), servers.end(), [&wanted](const std::string& glob) {
    return fnmatch(glob.c_str(), wanted.c_str(), 0) == 0;
  });
}

}  // namespace srsproxy::control
