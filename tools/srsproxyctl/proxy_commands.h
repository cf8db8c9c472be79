// `srsproxyctl proxy …`
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Noun ProxyCommands();

}  // namespace srsproxy::ctl
