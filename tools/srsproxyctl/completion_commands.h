// `srsproxyctl completion …`: scripts that teach a shell this command line.
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Noun CompletionCommands();

}  // namespace srsproxy::ctl
