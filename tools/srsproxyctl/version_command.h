// `srsproxyctl version`: which program this is. Asks no proxy.
#pragma once

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

Command VersionCommand();

}  // namespace srsproxy::ctl
