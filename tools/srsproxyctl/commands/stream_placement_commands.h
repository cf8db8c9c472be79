// `srsproxyctl stream move|pin|unpin|release`: where streams are to be.
#pragma once

#include <vector>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

std::vector<Command> StreamPlacementCommands();

}  // namespace srsproxy::ctl
