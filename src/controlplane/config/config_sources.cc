#include "controlplane/config/config_sources.h"

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
#include <absl/strings/str_join.h>
#include <yaml-cpp/yaml.h>

#include "controlplane/config/config_schema.h"
#include "dataplane/core/dotenv.h"

namespace srsproxy::control {
namespace {

constexpr std::string_view kVariablePrefix = "PROXY_";
constexpr std::string_view kConfigFile = "config_file";
constexpr std::string_view kDotEnv = ".env";

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

class Reader {
 public:
  explicit Reader(const ConfigSources& sources) : sources_(sources) {}

  SourcesRead Read();

 private:
  void AddFlags();
  void AddEnvironment();
  void AddDotEnv();
  void AddFile(const WrittenSetting& file);
  void AddFileEntry(const YAML::Node& key, const YAML::Node& value, const std::string& path);

  // Keeps the value unless it is empty or a source of higher precedence has set it.
  void Add(const std::string& setting, WrittenSetting written);
  void AddVariable(const std::string& variable, WrittenSetting written);

  void AddError(std::string_view setting, std::string_view reason, std::string where = "") {
    read_.problems.push_back({std::string(setting), std::string(reason), std::move(where)});
  }

  const ConfigSources& sources_;
  const std::vector<Setting> settings_ = AllSettings();
  SourcesRead read_;
};

void Reader::Add(const std::string& setting, WrittenSetting written) {
  absl::StripAsciiWhitespace(&written.text);
  if (!written.text.empty()) read_.settings.try_emplace(setting, std::move(written));
}

void Reader::AddFlags() {
  for (const auto& [name, text] : sources_.flags) {
    const Setting* setting = FindSetting(settings_, name);
    if (setting == nullptr) {
      AddError(name, absl::StrCat("flag for '", name, "': there is no such setting"));
    } else {
      Add(name, {text, v1::SETTING_SOURCE_FLAG, setting->Flag()});
    }
  }
}

void Reader::AddVariable(const std::string& variable, WrittenSetting written) {
  if (!variable.starts_with(kVariablePrefix)) return;
  const std::string name = absl::AsciiStrToLower(variable.substr(kVariablePrefix.size()));
  const Setting* setting = FindSetting(settings_, name);
  if (setting != nullptr && setting->Variable() == variable) {
    Add(name, std::move(written));
  } else {
    read_.warnings.push_back(written.Where() + " is not a setting and has no effect");
  }
}

void Reader::AddEnvironment() {
  for (const auto& [variable, text] : sources_.environment) {
    AddVariable(variable, {text, v1::SETTING_SOURCE_ENVIRONMENT, variable});
  }
}

void Reader::AddDotEnv() {
  const std::filesystem::path path = std::filesystem::path(sources_.working_directory) / kDotEnv;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return;
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return AddError(kDotEnv, MessageOf(text.status()));
  const auto variables = ParseDotEnv(*text);
  if (!variables.ok()) {
    return AddError(kDotEnv, absl::StrCat(path.string(), ": ", variables.status().message()));
  }
  for (const auto& [name, variable] : *variables) {
    AddVariable(name, {.text = variable.value,
                       .source = v1::SETTING_SOURCE_DOTENV,
                       .name = name,
                       .line = variable.line});
  }
}

void Reader::AddFileEntry(const YAML::Node& key, const YAML::Node& value, const std::string& path) {
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  WrittenSetting written{.source = v1::SETTING_SOURCE_FILE,
                         .name = name.empty() ? "key" : name,
                         .file = path,
                         .line = key.Mark().line + 1};
  const auto complain = [&](std::string_view reason) { AddError(name, reason, written.Where()); };
  const Setting* setting = FindSetting(settings_, name);
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
  written.text = absl::StrJoin(items, ToAbsl(setting->Separator()));
  Add(name, std::move(written));
}

void Reader::AddFile(const WrittenSetting& file) {
  const std::filesystem::path path =
      std::filesystem::path(sources_.working_directory) / file.text;  // Unless it is absolute.
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return AddError(kConfigFile, MessageOf(text.status()), file.Where());
  try {  // yaml-cpp reports by exceptions what is no YAML.
    const YAML::Node root = YAML::Load(*text);
    if (root.IsNull()) return;
    if (!root.IsMap()) {
      return AddError(kConfigFile, "is no list of `setting: value` lines", path.string());
    }
    std::map<std::string, int> lines;
    for (const auto& entry : root) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const int line = entry.first.Mark().line + 1;
      const auto [first, is_first] = lines.try_emplace(name, line);
      if (is_first) {
        AddFileEntry(entry.first, entry.second, path.string());
      } else {
        AddError(name, absl::StrCat("is set in line ", first->second, " already"),
                 absl::StrCat(name, " (", path.string(), ", line ", line, ")"));
      }
    }
  } catch (const YAML::Exception& error) {
    AddError(kConfigFile, error.msg, absl::StrCat(path.string(), ", line ", error.mark.line + 1));
  }
}

SourcesRead Reader::Read() {
  AddFlags();
  AddEnvironment();
  AddDotEnv();
  const auto file = read_.settings.find(std::string(kConfigFile));
  if (file != read_.settings.end()) AddFile(file->second);
  return std::move(read_);
}

}  // namespace

std::string WrittenSetting::SourceName() const {
  switch (source) {
    case v1::SETTING_SOURCE_RUNTIME:
      return "runtime";
    case v1::SETTING_SOURCE_FLAG:
      return "flag";
    case v1::SETTING_SOURCE_ENVIRONMENT:
      return "environment";
    case v1::SETTING_SOURCE_DOTENV:
      return std::string(kDotEnv);
    default:
      return file;
  }
}

std::string WrittenSetting::Where() const {
  return absl::StrCat(name, " (", SourceName(), line > 0 ? absl::StrCat(", line ", line) : "", ")");
}

SourcesRead ReadSources(const ConfigSources& sources) { return Reader(sources).Read(); }

}  // namespace srsproxy::control
