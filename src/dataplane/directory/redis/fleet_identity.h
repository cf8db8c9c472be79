// Who this proxy is to the others that share its Redis.
#pragma once

#include <string>

#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

struct FleetIdentity {
  std::string proxy;    // `PROXY_ID:boot`, where boot is random: a proxy's life.
  std::string history;  // The token of the history that this proxy begins, should there be none.
  Keys keys{""};
};

}  // namespace srsproxy::redis
