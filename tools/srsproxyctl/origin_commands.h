// `srsproxyctl origin …`
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Noun OriginCommands();

}  // namespace srsproxy::ctl
