// What is wrong with the settings.
#pragma once

#include <string>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy::control {

// What is wrong with a setting, or with how several fit together; told at one of them.
struct ConfigProblem {
  std::string setting;  // The field's name; a file's when all of it is wrong.
  std::string reason;
  std::string where = {};  // As it is named where it was written: `PROXY_WORKERS (environment)`.
};

// INVALID_ARGUMENT with INVALID_FIELD: one line for each of `problems`, which must not be empty;
// the field is the first one's setting.
absl::Status RefuseConfig(const std::vector<ConfigProblem>& problems);

}  // namespace srsproxy::control
