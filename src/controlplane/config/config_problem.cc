#include "controlplane/config/config_problem.h"

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {

absl::Status RefuseConfig(const std::vector<ConfigProblem>& problems) {
  std::string lines;
  for (const ConfigProblem& problem : problems) {
    absl::StrAppend(&lines, lines.empty() ? "" : "\n", problem.where,
                    problem.where.empty() ? "" : ": ", problem.reason);
  }
  return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD, lines,
                   {{"field", problems.front().setting}});
}

}  // namespace srsproxy::control
