// Asking before something is done that cannot be taken back.
#pragma once

#include <string_view>

#include <absl/status/status.h>

#include "tools/srsproxyctl/command.h"

namespace srsproxy::ctl {

// OK when the operator says yes. INVALID_ARGUMENT: nobody can be asked, --yes is missing.
// CANCELLED: the answer was no.
absl::Status Confirm(Context& context, std::string_view question);

}  // namespace srsproxy::ctl
