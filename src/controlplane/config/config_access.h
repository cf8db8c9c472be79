// Who may control this proxy by its settings, checked before it starts.
#pragma once

#include <string>
#include <vector>

#include "dataplane/core/config.h"
#include "dataplane/core/config_problem.h"

namespace srsproxy::control {

// Certificates and tokens that cannot be used, settings that need one another, and a gRPC port that
// would be open to strangers. Reads the files.
void CheckAccess(const Config& config, std::vector<ConfigProblem>& problems);

// What is allowed, and dangerous: a sentence each, for the log at start.
std::vector<std::string> AccessWarnings(const Config& config);

}  // namespace srsproxy::control
