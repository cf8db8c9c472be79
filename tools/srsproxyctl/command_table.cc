#include "tools/srsproxyctl/command_table.h"

#include <utility>

#include "tools/srsproxyctl/origin_commands.h"
#include "tools/srsproxyctl/proxy_commands.h"
#include "tools/srsproxyctl/stream_commands.h"
#include "tools/srsproxyctl/version_command.h"

namespace srsproxy::ctl {

std::vector<Command> CommandTable() {
  std::vector<Command> table;
  for (auto commands : {OriginCommands(), StreamCommands(), ProxyCommands()}) {
    for (Command& command : commands) table.push_back(std::move(command));
  }
  table.push_back(VersionCommand());
  return table;
}

}  // namespace srsproxy::ctl
