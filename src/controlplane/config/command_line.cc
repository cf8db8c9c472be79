#include "controlplane/config/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include <CLI/CLI.hpp>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include "controlplane/config/config_docs.h"
#include "controlplane/config/config_schema.h"

namespace srsproxy::control {
namespace {

constexpr int kUsageExitCode = 2;

std::string HelpText(const Setting& setting) {
  const v1::SettingOptions& options = setting.options();
  std::string text = absl::StrReplaceAll(options.doc(), {{"`", ""}});
  if (!options.default_value().empty()) {
    absl::StrAppend(&text, " Default: ", options.default_value(), ".");
  }
  if (!setting.Restriction().empty()) {
    absl::StrAppend(&text, " (", ToAbsl(setting.Restriction()), ")");
  }
  return text;
}

Startup Mistake(std::string_view message) {
  Startup startup;
  startup.exit_code = kUsageExitCode;
  startup.error = absl::StrCat(ToAbsl(message), "\n");
  return startup;
}

Startup Print(std::string output) {
  Startup startup;
  startup.output = std::move(output);
  return startup;
}

Startup CheckConfig(const LoadedConfig& config) {
  Startup startup = Print(FormatSettings(config));
  for (const std::string& warning : config.warnings) {
    absl::StrAppend(&startup.error, "Warning: ", warning, "\n");
  }
  return startup;
}

}  // namespace

Startup ReadCommandLine(const std::vector<std::string>& arguments, ConfigSources sources,
                        std::string_view version) {
  CLI::App app(
      "srsproxy: a media proxy and load balancer in front of SRS origins.\n"
      "Each setting may also come from the variable PROXY_*, from .env or from the YAML file.",
      "srsproxy");
  app.get_formatter()->column_width(48);
  bool show_version = false;
  bool check_config = false;
  bool print_docs = false;
  app.set_help_flag("-h,--help", "Print this and exit.");
  app.add_flag("--version", show_version, "Print the version and exit.");
  app.add_flag("--check-config", check_config,
               "Check the settings, print each with its source, and exit.");
  app.add_flag("--print-config-docs", print_docs)->group("");

  std::map<std::string, std::string> flags;
  std::string section;
  for (const Setting& setting : AllSettings()) {
    if (!setting.options().section().empty()) section = setting.options().section();
    const char* alias = setting.name() == "config_file" ? ",--config" : "";
    app.add_option(absl::StrCat(setting.Flag(), alias), flags[setting.name()], HelpText(setting))
        ->type_name(setting.Kind())
        ->group(section)
        ->take_last();
  }
  try {  // CLI11 reports by exceptions what is wrong, and that help is wanted.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    return Print(app.help());
  } catch (const CLI::ParseError& error) {
    return Mistake(absl::StrCat("srsproxy: ", error.what(), "\nsrsproxy --help lists the flags."));
  }
  if (show_version) return Print(absl::StrCat("srsproxy ", ToAbsl(version), "\n"));
  if (print_docs) return Print(ConfigurationPage());

  sources.flags = std::move(flags);
  absl::StatusOr<LoadedConfig> config = LoadConfig(sources);
  if (!config.ok()) return Mistake(MessageOf(config.status()));
  if (check_config) return CheckConfig(*config);
  Startup startup;
  startup.config = *std::move(config);
  startup.sources = std::move(sources);
  return startup;
}

ConfigSources SystemSources() {
  ConfigSources sources;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  std::error_code error;
  sources.working_directory = std::filesystem::current_path(error).string();
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) sources.host_name = name.data();
  if (sources.host_name.empty()) sources.host_name = "srsproxy";
  return sources;
}

}  // namespace srsproxy::control
