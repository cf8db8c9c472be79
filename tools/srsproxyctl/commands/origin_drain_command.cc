#include "tools/srsproxyctl/commands/origin_drain_command.h"

#include <memory>
#include <optional>
#include <string>

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

// The options of `origin drain`.
struct DrainOptions {
  v1::DrainOriginRequest request;
  std::optional<absl::Duration> deadline;
  bool yes = false;
  WaitOptions wait;
};

// How far the drain of `server` is.
absl::StatusOr<Progress> PollDrain(Context& context, const std::string& server) {
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
                       [&] { return PollDrain(context, response->server()); });
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

Command OriginDrainCommand() {
  return {"drain", "Move all streams away from a server, and give it no new ones",
          "  srsproxyctl origin drain vid-0x1a2 --wait\n"
          "  srsproxyctl origin drain vid-0x1a2 --deadline 10m --wait --yes\n"
          "  srsproxyctl origin drain vid-0x1a2 --dry-run\n",
          DeclareDrain};
}

}  // namespace srsproxy::ctl
