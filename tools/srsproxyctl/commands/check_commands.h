// `srsproxyctl check`: whether the proxy can do its work, for scripts and monitoring.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun CheckCommands();

}  // namespace srsproxy::ctl
