// Arguments that several commands share, so that they read alike everywhere.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace srsproxy::ctl {

// ORIGIN, required. The variables must live until the command line is parsed and used.
void AddOriginArgument(CLI::App& command, std::string& selector);

// --filter FIELD=VALUE, any number of times.
void AddFilterOption(CLI::App& command, std::vector<std::string>& terms);

}  // namespace srsproxy::ctl
