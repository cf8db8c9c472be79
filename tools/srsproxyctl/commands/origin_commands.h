// `srsproxyctl origin …`
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun OriginCommands();

}  // namespace srsproxy::ctl
