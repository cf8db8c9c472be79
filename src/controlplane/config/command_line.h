// What srsproxy shall do, by its command line and its settings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/config/config_loader.h"

namespace srsproxy::control {

// Either the settings to run with, or what to print before exiting.
struct Startup {
  std::optional<LoadedConfig> config;
  ConfigSources sources;  // Of `config`.
  int exit_code = 0;      // 0, or 2 for a mistake in the command line or the settings.
  std::string output;     // For standard output.
  std::string error;      // For standard error.
};

// `arguments` are those after the program's name. The flags of `sources` are replaced by theirs.
Startup ReadCommandLine(const std::vector<std::string>& arguments, ConfigSources sources,
                        std::string_view version);

// This process's environment, working directory and host name.
ConfigSources SystemSources();

}  // namespace srsproxy::control
