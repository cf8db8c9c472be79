// `srsproxyctl config …`: settings of the proxy that answers.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun ConfigCommands();

}  // namespace srsproxy::ctl
