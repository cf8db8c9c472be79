#include "tools/srsproxyctl/command_table.h"

#include "tools/srsproxyctl/origin_commands.h"
#include "tools/srsproxyctl/proxy_commands.h"
#include "tools/srsproxyctl/stream_commands.h"
#include "tools/srsproxyctl/version_commands.h"

namespace srsproxy::ctl {

std::vector<Noun> CommandTable() {
  return {OriginCommands(), StreamCommands(), ProxyCommands(), VersionCommands()};
}

}  // namespace srsproxy::ctl
