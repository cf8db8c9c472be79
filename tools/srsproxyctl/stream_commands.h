// `srsproxyctl stream …`
#pragma once

#include <vector>

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

std::vector<Command> StreamCommands();

}  // namespace srsproxy::ctl
