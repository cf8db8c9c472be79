#include "tools/srsproxyctl/commands/origin_admin_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/origin_drain_command.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using OriginStub = v1::OriginService::StubInterface;

constexpr char kFromRegistration[] = "as registered";

std::string AdminText(const v1::OriginSettings& settings) {
  const auto state = settings.has_admin_state() ? settings.admin_state() : v1::ADMIN_STATE_ACTIVE;
  return EnumText(state);
}

Cell OriginsCell(const v1::UpdateOriginResponse& response) {
  std::string text;
  for (const v1::Origin& origin : response.origins()) {
    text += (text.empty() ? "" : "\n") + origin.id();
  }
  return {text.empty() ? "none is registered now" : text};
}

const View<v1::UpdateOriginResponse>& SettingsView() {
  using Response = v1::UpdateOriginResponse;
  static const View<Response> view = {
      "",
      [](const Response& r) { return r.server(); },
      {
          {"SERVER", [](const Response& r) { return Cell{r.server()}; }},
          {"ADMIN", [](const Response& r) { return Cell{AdminText(r.settings())}; }},
          {"WEIGHT",
           [](const Response& r) {
             return Cell{r.settings().has_weight() ? NumberText(r.settings().weight())
                                                   : kFromRegistration};
           }},
          {"ZONE",
           [](const Response& r) {
             return Cell{r.settings().has_zone() ? OrNothing(r.settings().zone())
                                                 : kFromRegistration};
           }},
          {"LABELS",
           [](const Response& r) {
             return Cell{r.settings().has_labels() ? LabelsText(r.settings().labels().values())
                                                   : kFromRegistration};
           }},
          {"CAPACITY",
           [](const Response& r) {
             return Cell{r.settings().has_capacity() ? std::to_string(r.settings().capacity())
                                                     : kFromRegistration};
           }},
          {"ORIGINS", OriginsCell},
      }};
  return view;
}

absl::Status UpdateOrigin(Context& context, const v1::UpdateOriginRequest& request) {
  const auto response = context.client.Call<v1::OriginService>(&OriginStub::UpdateOrigin, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(SettingsView(), *response);
  return absl::OkStatus();
}

// The options of `origin set`.
struct SetOptions {
  v1::UpdateOriginRequest request;
  std::optional<double> weight;
  std::optional<std::string> zone;
  std::vector<std::string> labels;
  std::optional<int64_t> capacity;
  std::vector<std::string> clear;
};

absl::Status SetOrigin(Context& context, const SetOptions& options) {
  v1::UpdateOriginRequest request = options.request;
  v1::OriginSettings& settings = *request.mutable_settings();
  std::vector<std::string> paths;
  if (options.weight.has_value()) {
    settings.set_weight(*options.weight);
    paths.emplace_back("weight");
  }
  if (options.zone.has_value()) {
    settings.set_zone(*options.zone);
    paths.emplace_back("zone");
  }
  if (!options.labels.empty()) {
    auto& labels = *settings.mutable_labels()->mutable_values();
    if (absl::Status read = ReadLabels(options.labels, labels); !read.ok()) return read;
    paths.emplace_back("labels");
  }
  if (options.capacity.has_value()) {
    settings.set_capacity(*options.capacity);
    paths.emplace_back("capacity");
  }
  for (const std::string& field : options.clear) {
    if (std::find(paths.begin(), paths.end(), field) != paths.end()) {
      return absl::InvalidArgumentError("--" + field + " sets what --clear " + field + " clears");
    }
    paths.push_back(field);
  }
  if (paths.empty()) {
    return absl::InvalidArgumentError(
        "nothing to set: give --weight, --zone, --label, --capacity or --clear");
  }
  request.mutable_update_mask()->mutable_paths()->Assign(paths.begin(), paths.end());
  return UpdateOrigin(context, request);
}

// Options that every change of an origin has.
void AddUpdateOptions(CLI::App& command, v1::UpdateOriginRequest& request) {
  AddOriginArgument(command, *request.mutable_origin());
  command.add_flag_function(
      "--allow-missing", [&request](int64_t) { request.set_allow_missing(true); },
      "Decide for a server that nobody has heard of yet, written in full");
  AddDryRunOption(command, request);
}

Action DeclareAdminState(CLI::App& command, v1::AdminState state) {
  auto request = std::make_shared<v1::UpdateOriginRequest>();
  request->mutable_settings()->set_admin_state(state);
  request->mutable_update_mask()->add_paths("admin_state");
  AddUpdateOptions(command, *request);
  return [request](Context& context) { return UpdateOrigin(context, *request); };
}

Action DeclareCordon(CLI::App& command) {
  return DeclareAdminState(command, v1::ADMIN_STATE_CORDONED);
}

Action DeclareUncordon(CLI::App& command) {
  return DeclareAdminState(command, v1::ADMIN_STATE_ACTIVE);
}

Action DeclareSet(CLI::App& command) {
  auto options = std::make_shared<SetOptions>();
  AddUpdateOptions(command, options->request);
  command.add_option("--weight", options->weight, "Its share of new streams");
  command.add_option("--zone", options->zone, "Where it stands");
  AddLabelOption(command, options->labels,
                 "A label; may be given again. All of the registration's are replaced");
  command.add_option("--capacity", options->capacity, "Sessions it can hold");
  command.add_option("--clear", options->clear, "What the registration says is in force again")
      ->check(CLI::IsMember({"weight", "zone", "labels", "capacity", "admin_state"}))
      ->delimiter(',')
      ->expected(1)
      ->take_all();
  return [options](Context& context) { return SetOrigin(context, *options); };
}

}  // namespace

std::vector<Command> OriginAdminCommands() {
  return {
      {"cordon", "Give a server no new streams; it keeps those it has",
       "  srsproxyctl origin cordon vid-0x1a2\n"
       "  srsproxyctl origin cordon vid-new --allow-missing\n",
       DeclareCordon},
      {"uncordon", "Give a server new streams again; ends a drain too",
       "  srsproxyctl origin uncordon vid-0x1a2\n", DeclareUncordon},
      OriginDrainCommand(),
      {"set", "Override what a server's registration says, until cleared",
       "  srsproxyctl origin set vid-0x1a2 --weight 2.5 --zone east\n"
       "  srsproxyctl origin set vid-0x1a2 --label disk=ssd --label gpu=yes\n"
       "  srsproxyctl origin set vid-0x1a2 --clear weight,labels\n",
       DeclareSet},
  };
}

}  // namespace srsproxy::ctl
