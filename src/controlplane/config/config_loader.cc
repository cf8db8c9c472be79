#include "controlplane/config/config_loader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "controlplane/call_status.h"
#include "controlplane/config/config_convert.h"
#include "controlplane/config/config_schema.h"

namespace srsproxy::control {
namespace {

// Sets the field, unless it is for something that is not built yet.
absl::Status Check(const Setting& setting, std::string_view text, v1::Config& config) {
  const absl::Status set = setting.Set(text, config);
  if (!set.ok() || setting.options().not_yet().empty()) return set;
  const std::string value = setting.Text(config);
  if (setting.IsListener()) {
    if (value == "off") return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(setting.options().not_yet(), "; leave the setting out, or set it to off"));
  }
  v1::Config defaults;
  if (!setting.options().default_value().empty() &&
      !setting.Set(setting.options().default_value(), defaults).ok()) {
    return absl::InternalError("the default cannot be read");
  }
  if (value == setting.Text(defaults)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(setting.options().not_yet(), "; leave the setting out"));
}

std::string DefaultOf(const Setting& setting, const std::string& host_name) {
  if (setting.IsListener() && !setting.options().not_yet().empty()) return "off";
  return setting.name() == "id" ? host_name : setting.options().default_value();
}

// Appends to `problems` what is wrong.
LoadedConfig Resolve(WrittenSettings written, const std::string& host_name,
                     std::vector<ConfigProblem>& problems) {
  LoadedConfig config;
  const auto where = [&written](const std::string& setting) {
    const auto at = written.find(setting);
    return at != written.end() ? at->second.Where() : setting + " (default)";
  };
  for (const Setting& setting : AllSettings()) {
    const auto at = written.find(setting.name());
    const std::string text = at != written.end() ? at->second.text : DefaultOf(setting, host_name);
    if (text.empty()) continue;
    const absl::Status set =
        at != written.end() ? Check(setting, text, config.proto) : setting.Set(text, config.proto);
    if (!set.ok()) {
      problems.push_back({setting.name(), std::string(MessageOf(set)), where(setting.name())});
    }
  }
  if (problems.empty()) {
    config.core = ToCoreConfig(config.proto, problems);
    if (problems.empty()) problems = CheckCrossFields(config.core);
    for (ConfigProblem& problem : problems) problem.where = where(problem.setting);
  }
  config.written = std::move(written);
  return config;
}

}  // namespace

std::string LoadedConfig::SourceName(const std::string& setting) const {
  const auto at = written.find(setting);
  return at != written.end() ? at->second.SourceName() : "default";
}

absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources) {
  SourcesRead read = ReadSources(sources);
  LoadedConfig config = Resolve(std::move(read.settings), sources.host_name, read.problems);
  if (!read.problems.empty()) return RefuseConfig(read.problems);
  config.warnings = std::move(read.warnings);
  return config;
}

absl::StatusOr<LoadedConfig> ResolveSettings(WrittenSettings written,
                                             const std::string& host_name) {
  std::vector<ConfigProblem> problems;
  LoadedConfig config = Resolve(std::move(written), host_name, problems);
  if (!problems.empty()) return RefuseConfig(problems);
  return config;
}

std::string FormatSettings(const LoadedConfig& config) {
  struct Row {
    std::string setting, source, value;
  };
  std::vector<Row> rows = {{"SETTING", "SOURCE", "VALUE"}};
  for (const Setting& setting : AllSettings()) {
    std::string value = setting.Masked(config.proto);
    if (!setting.Restriction().empty()) {
      absl::StrAppend(&value, value.empty() ? "" : " ", "(", ToAbsl(setting.Restriction()), ")");
    }
    rows.push_back({setting.name(), config.SourceName(setting.name()), std::move(value)});
  }
  size_t setting_width = 0;
  size_t source_width = 0;
  for (const Row& row : rows) {
    setting_width = std::max(setting_width, row.setting.size());
    source_width = std::max(source_width, row.source.size());
  }
  std::string table;
  for (const Row& row : rows) {
    absl::StrAppendFormat(&table, "%-*s  %-*s  %s\n", static_cast<int>(setting_width), row.setting,
                          static_cast<int>(source_width), row.source, row.value);
  }
  return table;
}

}  // namespace srsproxy::control
