// From the settings as config.proto holds them to what the data plane works with.
#pragma once

#include <vector>

#include "dataplane/core/config.h"
#include "dataplane/core/config_problem.h"
#include "srsproxy/v1/config.pb.h"

namespace srsproxy::control {

// Every field of `settings`, checked by itself. Where there are problems, which are appended, the
// member keeps its initial value.
Config ToCoreConfig(const v1::Config& settings, std::vector<ConfigProblem>& problems);

// What single settings do not show: files that cannot be used, ports used twice, a listener that
// lacks its certificate, a gRPC port that is open to strangers.
std::vector<ConfigProblem> CheckCrossFields(const Config& config);

}  // namespace srsproxy::control
