// `srsproxyctl completion …`: scripts that teach a shell this command line.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun CompletionCommands();

}  // namespace srsproxy::ctl
