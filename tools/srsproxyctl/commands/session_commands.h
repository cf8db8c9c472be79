// `srsproxyctl session …`: sessions of clients.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun SessionCommands();

}  // namespace srsproxy::ctl
