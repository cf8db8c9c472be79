// `srsproxyctl stream move|pin|unpin|release`: where streams are to be.
#pragma once

#include <vector>

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

std::vector<Command> StreamPlacementCommands();

}  // namespace srsproxy::ctl
