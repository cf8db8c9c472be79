#include "tools/srsproxyctl/command_table.h"

#include "tools/srsproxyctl/commands/check_commands.h"
#include "tools/srsproxyctl/commands/config_commands.h"
#include "tools/srsproxyctl/commands/event_commands.h"
#include "tools/srsproxyctl/commands/origin_commands.h"
#include "tools/srsproxyctl/commands/proxy_commands.h"
#include "tools/srsproxyctl/commands/rebalance_commands.h"
#include "tools/srsproxyctl/commands/session_commands.h"
#include "tools/srsproxyctl/commands/stream_commands.h"
#include "tools/srsproxyctl/commands/version_commands.h"
#include "tools/srsproxyctl/completion/completion_commands.h"

namespace srsproxy::ctl {

std::vector<Noun> CommandTable() {
  return {OriginCommands(),     StreamCommands(), SessionCommands(), RebalanceCommands(),
          ProxyCommands(),      ConfigCommands(), EventCommands(),   CheckCommands(),
          CompletionCommands(), VersionCommands()};
}

}  // namespace srsproxy::ctl
