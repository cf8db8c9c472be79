#include "tools/srsproxyctl/commands/origin_admin_commands.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/commands/wait.h"
#include "tools/srsproxyctl/output/origin_view.h"
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

const View<v1::DrainOriginResponse>& DrainView() {
  using Response = v1::DrainOriginResponse;
  static const View<Response> view = {
      "",
      [](const Response& r) { return r.server(); },
      {
          {"SERVER", [](const Response& r) { return Cell{r.server()}; }},
          {"PROGRESS", [](const Response& r) { return Cell{DrainText(r.progress())}; }},
          {"DEADLINE",
           [](const Response& r) {
             return Cell{TimeText(r.progress().has_deadline_time(), r.progress().deadline_time())};
           }},
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

// The options of `origin drain`.
struct DrainOptions {
  v1::DrainOriginRequest request;
  std::optional<absl::Duration> deadline;
  bool yes = false;
  WaitOptions wait;
};

// How far the drain of `server` is.
absl::StatusOr<Progress> LookAtDrain(Context& context, const std::string& server) {
  std::optional<v1::Origin> found;
  const auto look = [&](v1::ListOriginsResponse& page) {
    for (const v1::Origin& origin : page.origins()) {
      if (origin.registration().server() == server) found = origin;
    }
  };
  absl::Status listed = ForEachPage<v1::OriginService>(context.client, &OriginStub::ListOrigins,
                                                       v1::ListOriginsRequest(), look);
  if (!listed.ok()) return listed;
  if (!found.has_value()) return Progress{true, server + " has left"};
  if (!found->has_drain()) {
    return absl::AbortedError("the drain of " + server + " was ended by somebody else");
  }
  return Progress{found->drain().streams_left() == 0, server + ": " + DrainText(found->drain())};
}

absl::Status DrainOrigin(Context& context, const DrainOptions& options) {
  v1::DrainOriginRequest request = options.request;
  if (options.deadline.has_value()) *request.mutable_deadline() = ToProto(*options.deadline);
  const auto question = [&]() -> absl::StatusOr<std::string> {
    v1::DrainOriginRequest preview = request;
    preview.set_validate_only(true);
    const auto would = context.client.Call<v1::OriginService>(&OriginStub::DrainOrigin, preview);
    if (!would.ok()) return would.status();
    const std::string end = options.deadline.has_value()
                                ? " Publishers that are live after " +
                                      absl::FormatDuration(*options.deadline) + " are ended."
                                : " Publishers that are live are waited for.";
    return "Drain " + would->server() + " of its " +
           Count(would->progress().streams_left(), "stream") + "?" + end;
  };
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, options.yes, question); !confirmed.ok())
      return confirmed;
  }
  const auto response = context.client.Call<v1::OriginService>(&OriginStub::DrainOrigin, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(DrainView(), *response);
  context.printer.Flush();
  if (request.validate_only()) return absl::OkStatus();
  return WaitUntilDone(context, options.wait, "srsproxyctl origin get " + response->server(),
                       [&] { return LookAtDrain(context, response->server()); });
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

Action DeclareDrain(CLI::App& command) {
  auto options = std::make_shared<DrainOptions>();
  AddOriginArgument(command, *options->request.mutable_origin());
  AddDurationOption(command, "--deadline", options->deadline,
                    "End publishers that are live after this; 0: at once");
  AddWaitOptions(command, options->wait);
  AddDryRunOption(command, options->request);
  AddYesOption(command, options->yes);
  return [options](Context& context) { return DrainOrigin(context, *options); };
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
      {"drain", "Move all streams away from a server, and give it no new ones",
       "  srsproxyctl origin drain vid-0x1a2 --wait\n"
       "  srsproxyctl origin drain vid-0x1a2 --deadline 10m --wait --yes\n"
       "  srsproxyctl origin drain vid-0x1a2 --dry-run\n",
       DeclareDrain},
      {"set", "Override what a server's registration says, until cleared",
       "  srsproxyctl origin set vid-0x1a2 --weight 2.5 --zone east\n"
       "  srsproxyctl origin set vid-0x1a2 --label disk=ssd --label gpu=yes\n"
       "  srsproxyctl origin set vid-0x1a2 --clear weight,labels\n",
       DeclareSet},
  };
}

}  // namespace srsproxy::ctl
