// `srsproxyctl origin register|deregister`
#pragma once

#include <vector>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

std::vector<Command> OriginRegistrationCommands();

}  // namespace srsproxy::ctl
