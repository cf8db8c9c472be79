// From what is written about the settings to the settings themselves, and what is wrong with them.
#pragma once

#include <string>
#include <vector>

#include "controlplane/config/config_sources.h"
#include "dataplane/core/config.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/config.pb.h"

namespace srsproxy::control {

struct LoadedConfig {
  v1::Config proto;
  Config core;              // The same values, converted.
  WrittenSettings written;  // Those that are not left at their defaults.

  // What is no error but is to be logged once there is a log.
  std::vector<std::string> warnings;

  // WrittenSetting::SourceName, or "default".
  std::string SourceName(const std::string& setting) const;
};

// INVALID_ARGUMENT: one line for each thing that is wrong, naming the setting, its source and the
// reason; see RefuseConfig. Reads `.env`, the YAML file and the certificates.
absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources);

// The same of what was read before. `host_name` is the default of `id`.
absl::StatusOr<LoadedConfig> ResolveSettings(WrittenSettings written, const std::string& host_name);

// Each setting, its value and its source, one line each; secrets are not shown.
std::string FormatSettings(const LoadedConfig& config);

}  // namespace srsproxy::control
