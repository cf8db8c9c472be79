#include "controlplane/config_loader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <yaml-cpp/yaml.h>

#include "controlplane/config_convert.h"
#include "controlplane/config_schema.h"
#include "dataplane/core/dotenv.h"

namespace srsproxy::control {
namespace {

constexpr std::string_view kVariablePrefix = "PROXY_";
constexpr std::string_view kConfigFile = "config_file";

// A setting's value as somebody wrote it.
struct Written {
  std::string text;
  std::string name;    // The setting as it is named there: --rtmp-server, PROXY_RTMP_SERVER, ...
  std::string source;  // As in LoadedConfig::sources.
  int line = 0;        // In a file; 0 elsewhere.

  // How an error names it: `PROXY_WORKERS (environment)`, `workers (proxy.yaml, line 3)`.
  std::string Where() const {
    return absl::StrCat(name, " (", source, line > 0 ? absl::StrCat(", line ", line) : "", ")");
  }
};

using WrittenSettings = std::map<std::string, Written>;  // By the setting's name.

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  const auto failed = [&](std::string_view reason) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), " cannot be read: ", ToAbsl(reason)));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return failed("it is a folder");
  errno = 0;
  std::ifstream file(path);
  if (!file.is_open()) return failed(std::strerror(errno));
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

class Loader {
 public:
  explicit Loader(const ConfigSources& sources) : sources_(sources) {}

  absl::StatusOr<LoadedConfig> Load();

 private:
  void AddFlags();
  void AddEnvironment();
  void AddDotEnv();
  void AddFile(const Written& file);
  void AddFileEntry(const YAML::Node& key, const YAML::Node& value, const std::string& path);

  // Keeps the value unless it is empty or a source of higher precedence has set it.
  void Add(const std::string& setting, Written written);
  void AddVariable(const std::string& variable, Written written);

  void Apply(const Setting& setting, LoadedConfig& config);
  absl::Status Check(const Setting& setting, std::string_view text, v1::Config& config) const;
  void AddProblems(const std::vector<ConfigProblem>& problems);
  std::string Where(const std::string& setting) const;

  const ConfigSources& sources_;
  const std::vector<Setting> settings_ = AllSettings();
  WrittenSettings written_;
  std::vector<std::string> warnings_;
  std::vector<std::string> errors_;
};

const Setting* Find(const std::vector<Setting>& settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.name() == name; });
  return found == settings.end() ? nullptr : &*found;
}

void Loader::Add(const std::string& setting, Written written) {
  absl::StripAsciiWhitespace(&written.text);
  if (!written.text.empty()) written_.try_emplace(setting, std::move(written));
}

void Loader::AddFlags() {
  for (const auto& [name, text] : sources_.flags) {
    const Setting* setting = Find(settings_, name);
    if (setting == nullptr) {
      errors_.push_back(absl::StrCat("flag for '", name, "': there is no such setting"));
    } else {
      Add(name, {text, setting->Flag(), "flag"});
    }
  }
}

void Loader::AddVariable(const std::string& variable, Written written) {
  if (!variable.starts_with(kVariablePrefix)) return;
  const std::string name = absl::AsciiStrToLower(variable.substr(kVariablePrefix.size()));
  const Setting* setting = Find(settings_, name);
  if (setting != nullptr && setting->Variable() == variable) {
    Add(name, std::move(written));
  } else {
    warnings_.push_back(written.Where() + " is not a setting and has no effect");
  }
}

void Loader::AddEnvironment() {
  for (const auto& [variable, text] : sources_.environment) {
    AddVariable(variable, {text, variable, "environment"});
  }
}

void Loader::AddDotEnv() {
  const std::filesystem::path path = std::filesystem::path(sources_.working_directory) / ".env";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    errors_.emplace_back(text.status().message());
    return;
  }
  const auto variables = ParseDotEnv(*text);
  if (!variables.ok()) {
    errors_.push_back(absl::StrCat(path.string(), ": ", variables.status().message()));
    return;
  }
  for (const auto& [name, variable] : *variables) {
    AddVariable(name, {variable.value, name, ".env", variable.line});
  }
}

void Loader::AddFileEntry(const YAML::Node& key, const YAML::Node& value, const std::string& path) {
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  const int line = key.Mark().line + 1;
  const auto complain = [&](std::string_view reason) {
    errors_.push_back(absl::StrCat(name.empty() ? "key" : name, " (", path, ", line ", line,
                                   "): ", ToAbsl(reason)));
  };
  const Setting* setting = Find(settings_, name);
  if (setting == nullptr) return complain("there is no such setting");
  if (name == kConfigFile) return complain("the file cannot name another one");
  if (value.IsNull()) return;

  std::vector<std::string> items;
  const std::vector<YAML::Node> nodes =
      value.IsSequence() ? std::vector<YAML::Node>(value.begin(), value.end()) : std::vector{value};
  for (const YAML::Node& node : nodes) {
    if (!node.IsScalar()) return complain("is neither a value nor a list of values");
    items.push_back(node.Scalar());
  }
  Add(name, {absl::StrJoin(items, ToAbsl(setting->Separator())), name, path, line});
}

void Loader::AddFile(const Written& file) {
  const std::filesystem::path path =
      std::filesystem::path(sources_.working_directory) / file.text;  // Unless it is absolute.
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) {
    errors_.push_back(absl::StrCat(file.Where(), ": ", text.status().message()));
    return;
  }
  try {  // yaml-cpp tells by exceptions what is no YAML.
    const YAML::Node root = YAML::Load(*text);
    if (root.IsNull()) return;
    if (!root.IsMap()) {
      errors_.push_back(absl::StrCat(path.string(), ": is no list of `setting: value` lines"));
      return;
    }
    std::map<std::string, int> lines;
    for (const auto& entry : root) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const int line = entry.first.Mark().line + 1;
      const auto [first, is_first] = lines.try_emplace(name, line);
      if (is_first) {
        AddFileEntry(entry.first, entry.second, path.string());
      } else {
        errors_.push_back(absl::StrCat(name, " (", path.string(), ", line ", line,
                                       "): is set in line ", first->second, " already"));
      }
    }
  } catch (const YAML::Exception& error) {
    errors_.push_back(absl::StrCat(path.string(), ", line ", error.mark.line + 1, ": ", error.msg));
  }
}

// Sets the field, unless it is for something that is not built yet.
absl::Status Loader::Check(const Setting& setting, std::string_view text,
                           v1::Config& config) const {
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

void Loader::Apply(const Setting& setting, LoadedConfig& config) {
  const auto written = written_.find(setting.name());
  if (written != written_.end()) {
    const absl::Status set = Check(setting, written->second.text, config.proto);
    if (!set.ok()) {
      errors_.push_back(absl::StrCat(written->second.Where(), ": ", set.message()));
    }
    config.sources[setting.name()] = written->second.source;
    return;
  }
  config.sources[setting.name()] = "default";
  std::string text = setting.options().default_value();
  if (setting.IsListener() && !setting.options().not_yet().empty()) text = "off";
  if (setting.name() == "id") text = sources_.host_name;
  if (text.empty()) return;
  const absl::Status set = setting.Set(text, config.proto);
  if (!set.ok()) {
    errors_.push_back(absl::StrCat(setting.name(), " (default): ", set.message()));
  }
}

std::string Loader::Where(const std::string& setting) const {
  const auto written = written_.find(setting);
  return written != written_.end() ? written->second.Where() : setting + " (default)";
}

void Loader::AddProblems(const std::vector<ConfigProblem>& problems) {
  for (const ConfigProblem& problem : problems) {
    errors_.push_back(absl::StrCat(Where(problem.setting), ": ", problem.reason));
  }
}

absl::StatusOr<LoadedConfig> Loader::Load() {
  AddFlags();
  AddEnvironment();
  AddDotEnv();
  const auto file = written_.find(std::string(kConfigFile));
  if (file != written_.end()) AddFile(file->second);

  LoadedConfig config;
  for (const Setting& setting : settings_) Apply(setting, config);
  if (errors_.empty()) {
    std::vector<ConfigProblem> problems;
    config.core = ToCoreConfig(config.proto, problems);
    if (problems.empty()) problems = CheckTogether(config.core);
    AddProblems(problems);
  }
  if (!errors_.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors_, "\n"));
  config.warnings = std::move(warnings_);
  return config;
}

}  // namespace

absl::StatusOr<LoadedConfig> LoadConfig(const ConfigSources& sources) {
  return Loader(sources).Load();
}

std::string FormatSettings(const LoadedConfig& config) {
  struct Row {
    std::string setting, source, value;
  };
  std::vector<Row> rows = {{"SETTING", "SOURCE", "VALUE"}};
  for (const Setting& setting : AllSettings()) {
    std::string value = setting.Text(config.proto);
    if (setting.options().secret() && !value.empty()) value = "***";
    if (!setting.Restriction().empty()) {
      absl::StrAppend(&value, value.empty() ? "" : " ", "(", ToAbsl(setting.Restriction()), ")");
    }
    rows.push_back({setting.name(), config.sources.at(setting.name()), std::move(value)});
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
