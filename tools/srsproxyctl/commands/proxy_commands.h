// `srsproxyctl proxy …`
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun ProxyCommands();

}  // namespace srsproxy::ctl
