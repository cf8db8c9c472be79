#include "tools/srsproxyctl/command_table.h"

#include "tools/srsproxyctl/check_commands.h"
#include "tools/srsproxyctl/completion_commands.h"
#include "tools/srsproxyctl/config_commands.h"
#include "tools/srsproxyctl/event_commands.h"
#include "tools/srsproxyctl/origin_commands.h"
#include "tools/srsproxyctl/proxy_commands.h"
#include "tools/srsproxyctl/rebalance_commands.h"
#include "tools/srsproxyctl/session_commands.h"
#include "tools/srsproxyctl/stream_commands.h"
#include "tools/srsproxyctl/version_commands.h"

namespace srsproxy::ctl {

std::vector<Noun> CommandTable() {
  return {OriginCommands(),     StreamCommands(), SessionCommands(), RebalanceCommands(),
          ProxyCommands(),      ConfigCommands(), EventCommands(),   CheckCommands(),
          CompletionCommands(), VersionCommands()};
}

}  // namespace srsproxy::ctl
