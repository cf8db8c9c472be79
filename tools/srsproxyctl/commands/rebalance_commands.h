// `srsproxyctl rebalance …`: evening out where streams are.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun RebalanceCommands();

}  // namespace srsproxy::ctl
