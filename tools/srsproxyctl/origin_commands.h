// `srsproxyctl origin …`
#pragma once

#include <vector>

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

std::vector<Command> OriginCommands();

}  // namespace srsproxy::ctl
