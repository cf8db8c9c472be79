// `srsproxyctl session …`: sessions of clients.
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Noun SessionCommands();

}  // namespace srsproxy::ctl
