// Every command of srsproxyctl.
#pragma once

#include <vector>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

// In the order in which --help shows them.
std::vector<Noun> CommandTable();

}  // namespace srsproxy::ctl
