#include "tools/srsproxyctl/commands/config_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/config_value.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using ProxyStub = v1::ProxyService::StubInterface;
using SettingValues = google::protobuf::RepeatedPtrField<v1::SettingValue>;

const View<v1::SettingValue>& SettingView() {
  using Value = v1::SettingValue;
  static const View<Value> view = {
      "values",
      [](const Value& v) { return v.name(); },
      {
          {"NAME", [](const Value& v) { return Cell{v.name()}; }},
          {"VALUE", [](const Value& v) { return Cell{OrNothing(v.value())}; }},
          {"SOURCE",
           [](const Value& v) {
             return Cell{EnumText(v.source()),
                         v.source() == v1::SETTING_SOURCE_RUNTIME ? Tone::kWarning : Tone::kPlain};
           }},
          {"RELOADABLE", [](const Value& v) { return Cell{YesOrNo(v.reloadable())}; }},
      }};
  return view;
}

void ShowValues(Context& context, const SettingValues& values) {
  context.printer.BeginList(SettingView());
  context.printer.Page(SettingView(), values);
  context.printer.EndLists();
}

void ShowChanges(Context& context, const SettingValues& changed, bool dry_run) {
  ShowValues(context, changed);
  if (changed.empty()) context.err << "Note: every setting keeps its value\n";
  NoteDryRun(context, dry_run);
}

absl::Status GetConfig(Context& context, const std::vector<std::string>& names,
                       const std::vector<std::string>& filter_terms) {
  auto filter = Filter<v1::SettingValue>::Parse(filter_terms, SettingView());
  if (!filter.ok()) return filter.status();
  std::vector<std::string> wanted;
  for (const std::string& text : names) {
    const auto name = SettingName(text);
    if (!name.ok()) return name.status();
    wanted.push_back(*name);
  }
  auto response =
      context.client.Call<v1::ProxyService>(&ProxyStub::GetConfig, v1::GetConfigRequest());
  if (!response.ok()) return response.status();
  SettingValues& values = *response->mutable_values();
  if (!wanted.empty()) {
    const auto unwanted = [&wanted](const v1::SettingValue& value) {
      return std::find(wanted.begin(), wanted.end(), value.name()) == wanted.end();
    };
    values.erase(std::remove_if(values.begin(), values.end(), unwanted), values.end());
  }
  const size_t received = values.size();
  filter->Apply(values);
  ShowValues(context, values);
  NoteEmptyList(context, "setting", received, values.size());
  return absl::OkStatus();
}

// The options of `config set`.
struct SetOptions {
  v1::UpdateConfigRequest request;
  std::vector<std::string> assignments;
};

absl::Status SetConfig(Context& context, const SetOptions& options) {
  v1::UpdateConfigRequest request = options.request;
  for (const std::string& assignment : options.assignments) {
    const size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError("'" + assignment + "' is not of the form NAME=VALUE");
    }
    const auto name = SettingName(std::string_view(assignment).substr(0, equals));
    if (!name.ok()) return name.status();
    const std::string value = assignment.substr(equals + 1);
    absl::Status set = SetSetting(*request.mutable_config(), *name, value);
    if (!set.ok()) return set;
    request.mutable_update_mask()->add_paths(*name);
  }
  const auto response = context.client.Call<v1::ProxyService>(&ProxyStub::UpdateConfig, request);
  if (!response.ok()) return response.status();
  ShowChanges(context, response->changed(), request.validate_only());
  return absl::OkStatus();
}

absl::Status ReloadConfig(Context& context, const v1::ReloadConfigRequest& request) {
  const auto response = context.client.Call<v1::ProxyService>(&ProxyStub::ReloadConfig, request);
  if (!response.ok()) return response.status();
  ShowChanges(context, response->changed(), request.validate_only());
  for (const std::string& name : response->needs_restart()) {
    context.err << "Note: " << PrintableText(name) << " changes with a restart\n";
  }
  return absl::OkStatus();
}

Action DeclareGet(CLI::App& command) {
  auto names = std::make_shared<std::vector<std::string>>();
  auto terms = std::make_shared<std::vector<std::string>>();
  command.add_option("NAME", *names, "Only these settings");
  AddFilterOption(command, *terms);
  return [names, terms](Context& context) { return GetConfig(context, *names, *terms); };
}

Action DeclareSet(CLI::App& command) {
  auto options = std::make_shared<SetOptions>();
  command
      .add_option("SETTING", options->assignments,
                  "NAME=VALUE, as in the environment; an empty value goes back to what flags, "
                  "environment, file or default say")
      ->required();
  AddDryRunOption(command, options->request);
  return [options](Context& context) { return SetConfig(context, *options); };
}

Action DeclareReload(CLI::App& command) {
  auto request = std::make_shared<v1::ReloadConfigRequest>();
  AddDryRunOption(command, *request);
  return [request](Context& context) { return ReloadConfig(context, *request); };
}

}  // namespace

Noun ConfigCommands() {
  return {"config",
          "The settings of the proxy that answers",
          {
              {"get", "Show the settings in force, and where each comes from",
               "  srsproxyctl config get\n"
               "  srsproxyctl config get log_level rtmp_server\n"
               "  srsproxyctl config get --filter source=runtime -o name\n",
               DeclareGet},
              {"set", "Change settings until the proxy restarts or reloads",
               "  srsproxyctl config set log_level=debug\n"
               "  srsproxyctl config set load_balancer_strategy=p2c connect_timeout=5s --dry-run\n"
               "  srsproxyctl config set log_level=\n",
               DeclareSet},
              {"reload", "Read the settings anew from the file; drops what `config set` changed",
               "  srsproxyctl config reload --dry-run\n"
               "  srsproxyctl config reload\n",
               DeclareReload},
          }};
}

}  // namespace srsproxy::ctl
