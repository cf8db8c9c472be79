// What is written about the settings, wherever they may come from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/core/config_problem.h"
#include "srsproxy/v1/proxy_service.pb.h"

namespace srsproxy::control {

// Where settings come from; injected, so that tests have sources of their own.
struct ConfigSources {
  std::map<std::string, std::string> flags;        // By the setting's name: rtmp_server.
  std::map<std::string, std::string> environment;  // All variables of the process.
  std::string working_directory;                   // Where `.env` and relative files are.
  std::string host_name;                           // The default of `id`.
};

// A setting's value as somebody wrote it.
struct WrittenSetting {
  std::string text = {};
  v1::SettingSource source = v1::SETTING_SOURCE_UNSPECIFIED;
  std::string name = {};  // The setting as it is named there: --workers, PROXY_WORKERS, workers.
  std::string file = {};  // The path, when it is from the YAML file.
  int line = 0;           // In a file; 0 elsewhere.

  // "runtime", "flag", "environment", ".env", or the path of the file.
  std::string SourceName() const;
  // `PROXY_WORKERS (environment)`, `workers (proxy.yaml, line 3)`
  std::string Where() const;
};

using WrittenSettings = std::map<std::string, WrittenSetting>;  // By the setting's name.

struct SourcesRead {
  WrittenSettings settings;           // Of each the one that wins; no empty ones.
  std::vector<std::string> warnings;  // What is no error but is to be logged once there is a log.
  std::vector<ConfigProblem> problems;
};

// Reads `.env` and the YAML file. Flags win over the environment, that over `.env`, and that over
// the file.
SourcesRead ReadSources(const ConfigSources& sources);

}  // namespace srsproxy::control
