// `srsproxyctl proxy …`
#pragma once

#include <vector>

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

std::vector<Command> ProxyCommands();

}  // namespace srsproxy::ctl
