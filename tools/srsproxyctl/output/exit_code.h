// What srsproxyctl's exit status means to a script. A published contract: docs/srsproxyctl.md.
#pragma once

#include <absl/status/status.h>

namespace srsproxy::ctl {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,           // The command line is wrong, or an answer was needed and nobody is there.
  kNotFound = 3,        // The named thing does not exist.
  kUnreachable = 4,     // No endpoint answered in time.
  kDenied = 5,          // The caller may not do this.
  kConflict = 6,        // The state of the proxy forbids it now.
  kCheckUnhealthy = 7,  // `check` ran and found something wrong.
  kPartial = 8,         // Done for some, not for all.
};

// The exit code of a command that ended with `status`.
ExitCode ExitCodeFor(const absl::Status& status);

}  // namespace srsproxy::ctl
