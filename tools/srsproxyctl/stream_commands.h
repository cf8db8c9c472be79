// `srsproxyctl stream …`
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Noun StreamCommands();

}  // namespace srsproxy::ctl
