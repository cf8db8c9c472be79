// `srsproxyctl origin drain`: moves all streams away from a server, and waits until they are gone.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Command OriginDrainCommand();

}  // namespace srsproxy::ctl
