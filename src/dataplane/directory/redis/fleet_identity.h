// Who this proxy is to the others that share its Redis.
#pragma once

#include <string>

#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

struct FleetIdentity {
  std::string proxy;  // `PROXY_ID:boot`, where boot is random: a proxy's life.
  std::string
      history;  // What the token of a history begins with that this proxy begins: without blanks.
  Keys keys{""};
};

}  // namespace srsproxy::redis
