// `srsproxyctl stream …`
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun StreamCommands();

}  // namespace srsproxy::ctl
