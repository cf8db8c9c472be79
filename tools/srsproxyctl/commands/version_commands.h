// `srsproxyctl version`: which program this is. Calls no proxy.
#pragma once

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

Noun VersionCommands();

}  // namespace srsproxy::ctl
