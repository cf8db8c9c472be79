#include "controlplane/config/config_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include "controlplane/call_status.h"
#include "dataplane/core/text.h"

namespace srsproxy::control {
namespace {

v1::SettingValue ValueOf(const Setting& setting, const LoadedConfig& config) {
  v1::SettingValue value;
  value.set_name(setting.name());
  value.set_value(setting.Masked(config.proto));
  const auto written = config.written.find(setting.name());
  value.set_source(written != config.written.end() ? written->second.source
                                                   : v1::SETTING_SOURCE_DEFAULT);
  value.set_reloadable(setting.options().reloadable());
  return value;
}

// `runtime` wins.
WrittenSettings Merge(const WrittenSettings& runtime, const WrittenSettings& read) {
  WrittenSettings merged = runtime;
  merged.insert(read.begin(), read.end());
  return merged;
}

// The file that was read at start is the one that is read again.
ConfigSources WithFile(ConfigSources sources, const WrittenSettings& written) {
  const auto file = written.find("config_file");
  if (file != written.end()) sources.flags["config_file"] = file->second.text;
  return sources;
}

// A pipe, as a shell's `<(...)` makes one, gives its text once; reading it again would wait
// forever.
absl::Status CheckReadableAgain(const ConfigSources& sources) {
  const auto file = sources.flags.find("config_file");
  if (file == sources.flags.end() || file->second.empty()) return absl::OkStatus();
  std::error_code error;
  if (!std::filesystem::is_fifo(std::filesystem::path(sources.working_directory) / file->second,
                                error)) {
    return absl::OkStatus();
  }
  return InvalidField("config_file", file->second + " is a pipe and cannot be read again");
}

}  // namespace

ConfigStore::ConfigStore(ConfigSources sources, LoadedConfig loaded,
                         const Dependencies& dependencies)
    : sources_(WithFile(std::move(sources), loaded.written)),
      dependencies_(dependencies),
      read_(loaded.written),
      config_(std::move(loaded)) {
  dependencies_.metrics.config_reload_success.Set(true);
}

v1::GetConfigResponse ConfigStore::Get() const {
  const std::lock_guard lock(mutex_);
  v1::GetConfigResponse response;
  *response.mutable_config() = config_.proto;
  for (const Setting& setting : settings_) {
    if (setting.options().secret()) setting.Clear(*response.mutable_config());
    *response.add_values() = ValueOf(setting, config_);
  }
  return response;
}

absl::StatusOr<v1::UpdateConfigResponse> ConfigStore::Update(
    const v1::UpdateConfigRequest& request) {
  if (request.update_mask().paths().empty()) {
    return InvalidField("update_mask", "has to name the settings to change");
  }
  const std::lock_guard lock(mutex_);
  WrittenSettings runtime = runtime_;
  for (const std::string& name : request.update_mask().paths()) {
    const Setting* setting = FindSetting(settings_, name);
    if (setting == nullptr) return InvalidField("update_mask", Quoted(name) + " is no setting");
    if (!setting->options().reloadable()) {
      return CallError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_NEEDS_RESTART,
                       name + " can only be changed by a restart", {{"field", name}});
    }
    std::string text = setting->IsSet(request.config()) ? setting->Text(request.config()) : "";
    absl::StripAsciiWhitespace(&text);
    if (text.empty()) {
      runtime.erase(name);
    } else {
      runtime[name] = {std::move(text), v1::SETTING_SOURCE_RUNTIME, name};
    }
  }
  auto next = ResolveSettings(Merge(runtime, read_), sources_.host_name);
  if (!next.ok()) return next.status();
  v1::UpdateConfigResponse response;
  *response.mutable_changed() = ChangesTo(*next);
  if (request.validate_only()) return response;
  runtime_ = std::move(runtime);
  PutInForce(*std::move(next), response.changed());
  return response;
}

absl::StatusOr<v1::ReloadConfigResponse> ConfigStore::Reload(bool validate_only) {
  const std::lock_guard lock(mutex_);
  auto response = TryReload(validate_only);
  if (validate_only) return response;
  dependencies_.metrics.config_reload_success.Set(response.ok());
  if (!response.ok()) {
    const std::string error = absl::StrReplaceAll(response.status().message(), {{"\n", "; "}});
    dependencies_.logger.Error("settings not reloaded: those in force stay", {{"error", error}});
    return response;
  }
  for (const std::string& name : response->needs_restart()) {
    dependencies_.logger.Warn("a setting changes with the next restart only", {{"setting", name}});
  }
  dependencies_.logger.Info("settings reloaded", {{"changed", response->changed_size()}});
  return response;
}

absl::StatusOr<v1::ReloadConfigResponse> ConfigStore::TryReload(bool validate_only) {
  if (auto status = CheckReadableAgain(sources_); !status.ok()) return status;
  const auto wanted = LoadConfig(sources_);
  if (!wanted.ok()) return wanted.status();
  v1::ReloadConfigResponse response;
  WrittenSettings read = wanted->written;
  for (const Setting& setting : settings_) {
    if (setting.options().reloadable()) continue;
    if (setting.Text(wanted->proto) != setting.Text(config_.proto)) {
      response.add_needs_restart(setting.name());
    }
    read.erase(setting.name());
    if (const auto former = read_.find(setting.name()); former != read_.end()) read.insert(*former);
  }
  auto next = ResolveSettings(read, sources_.host_name);
  if (!next.ok()) return next.status();
  *response.mutable_changed() = ChangesTo(*next);
  if (validate_only) return response;
  for (const std::string& warning : wanted->warnings) dependencies_.logger.Warn(warning);
  read_ = std::move(read);
  runtime_.clear();
  PutInForce(*std::move(next), response.changed());
  return response;
}

ConfigStore::SettingValues ConfigStore::ChangesTo(const LoadedConfig& next) const {
  SettingValues changes;
  for (const Setting& setting : settings_) {
    if (setting.Text(next.proto) == setting.Text(config_.proto)) continue;
    *changes.Add() = ValueOf(setting, next);
  }
  return changes;
}

void ConfigStore::PutInForce(LoadedConfig next, const SettingValues& changes) {
  config_ = std::move(next);
  dependencies_.live.Set(config_.core);
  for (const v1::SettingValue& value : changes) {
    dependencies_.logger.Info("setting changed", {{"setting", value.name()},
                                                  {"value", value.value()},
                                                  {"source", config_.SourceName(value.name())}});
  }
}

}  // namespace srsproxy::control
