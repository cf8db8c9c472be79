// `srsproxyctl origin cordon|uncordon|set`: what an operator decides for a server.
#pragma once

#include <vector>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

std::vector<Command> OriginAdminCommands();

}  // namespace srsproxy::ctl
