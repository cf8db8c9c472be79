// Confirmation before something is done that cannot be taken back, and notes that nothing was.
#pragma once

#include <functional>
#include <string>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

// INVALID_ARGUMENT when there is no terminal to ask on and `yes` is missing.
absl::Status CanConfirm(const Context& context, bool yes);

// OK at once with `yes`; else OK when the operator confirms what `question` returns, which is
// called only where there is a terminal. INVALID_ARGUMENT: as CanConfirm. CANCELLED: the answer
// was no.
absl::Status Confirm(Context& context, bool yes,
                     const std::function<absl::StatusOr<std::string>()>& question);

// Notes on the side that what is shown was only tried, with --dry-run.
void NoteDryRun(Context& context, bool dry_run);

}  // namespace srsproxy::ctl
