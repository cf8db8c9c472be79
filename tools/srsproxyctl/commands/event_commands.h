// `srsproxyctl event …`: what happens, and what happened.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun EventCommands();

}  // namespace srsproxy::ctl
