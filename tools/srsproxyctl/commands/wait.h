// --wait: looking again and again until something that was begun is done.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "tools/srsproxyctl/commands/command.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 names it so.
class App;
}  // namespace CLI

namespace srsproxy::ctl {

struct WaitOptions {
  bool wait = false;
  std::optional<absl::Duration> limit;  // Absent: as long as it takes.
};

// --wait and --wait-timeout.
void AddWaitOptions(CLI::App& command, WaitOptions& options);

// How far something is.
struct Progress {
  bool done = false;
  std::string text;  // One line: "3 streams left".
};

// Returns when `look` reports that it is done, or fails. Shows progress on the side: on a terminal
// one line that is written over, else a line for each change. DEADLINE_EXCEEDED after the options'
// limit: what was begun goes on, and `later` is the command that shows it.
absl::Status WaitUntilDone(Context& context, const WaitOptions& options, std::string_view later,
                           const std::function<absl::StatusOr<Progress>()>& look);

}  // namespace srsproxy::ctl
