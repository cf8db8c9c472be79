// Reads the settings from everywhere they may come from, and says what is wrong with them.
//
// Precedence: flag, environment, `.env` in the working directory, YAML file, default. An empty
// value counts as not set.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/core/config.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/config.pb.h"

namespace srsproxy::control {

// Where settings come from; injected, so that tests have sources of their own.
struct ConfigSources {
  std::map<std::string, std::string> flags;        // By the setting's name: rtmp_server.
  std::map<std::string, std::string> environment;  // All variables of the process.
  std::string working_directory;                   // Where `.env` and relative files are.
  std::string host_name;                           // The default of `id`.
};

struct LoadedConfig {
  v1::Config proto;
  Config core;  // The same values, converted.

  // By the setting's name: "flag", "environment", ".env", the path of the file, or "default".
  std::map<std::string, std::string> sources;

  // What is no error but should be told once there is a log.
  std::vector<std::string> warnings;
};

// INVALID_ARGUMENT: one line for each thing that is wrong, naming the setting, its source and the
// reason. Reads `.env`, the YAML file and the certificates.
absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources);

// Each setting, its value and its source, one line each; secrets are not shown.
std::string FormatSettings(const LoadedConfig& config);

}  // namespace srsproxy::control
