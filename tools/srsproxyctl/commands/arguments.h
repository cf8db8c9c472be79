// Arguments that several commands share, so that they read alike everywhere. Each declares one on
// `command`; the variables must live until the command line is parsed and used.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/map.h>

#include "srsproxy/v1/session.pb.h"

namespace srsproxy::ctl {

// Names of arguments, which completion knows too.
inline constexpr char kOriginArgument[] = "ORIGIN";
inline constexpr char kStreamArgument[] = "KEY";

// ORIGIN, required.
void AddOriginArgument(CLI::App& command, std::string& selector);

// --origin ORIGIN.
void AddOriginOption(CLI::App& command, std::string& selector);

// KEY, required.
void AddStreamArgument(CLI::App& command, std::string& key);

// --stream KEY.
void AddStreamOption(CLI::App& command, std::string& key);

// --filter FIELD=VALUE, any number of times.
void AddFilterOption(CLI::App& command, std::vector<std::string>& terms);

// --watch.
void AddWatchOption(CLI::App& command, bool& watch);

// --dry-run, which sets validate_only.
template <typename Request>
void AddDryRunOption(CLI::App& command, Request& request) {
  command.add_flag_function(
      "--dry-run", [&request](int64_t) { request.set_validate_only(true); },
      "Check it, show what would be, change nothing");
}

// --yes.
void AddYesOption(CLI::App& command, bool& yes);

// An option with a time of at least 0, written as in Go: 500ms, 1m30s. Other texts are usage
// errors.
void AddDurationOption(CLI::App& command, const std::string& name,
                       std::optional<absl::Duration>& value, const std::string& help);

// --label KEY=VALUE, any number of times; ReadLabels makes a map of them, or names the wrong one.
void AddLabelOption(CLI::App& command, std::vector<std::string>& labels, const std::string& help);
absl::Status ReadLabels(const std::vector<std::string>& labels,
                        google::protobuf::Map<std::string, std::string>& map);

google::protobuf::Duration ToProto(absl::Duration duration);

}  // namespace srsproxy::ctl
