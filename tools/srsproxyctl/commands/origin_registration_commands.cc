#include "tools/srsproxyctl/commands/origin_registration_commands.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/origin_selector.h"
#include "tools/srsproxyctl/output/origin_view.h"

namespace srsproxy::ctl {
namespace {

using OriginStub = v1::OriginService::StubInterface;

const View<v1::DeregisterOriginResponse>& DeregisteredView() {
  using Response = v1::DeregisterOriginResponse;
  static const View<Response> view = {
      "",
      [](const Response& r) { return r.origin_id(); },
      {
          {"DEREGISTERED", [](const Response& r) { return Cell{r.origin_id()}; }},
          {"STATE",
           [](const Response& r) {
             return r.leaving() ? Cell{"leaving", Tone::kWarning} : Cell{"gone", Tone::kGood};
           }},
          {"SESSIONS ENDED",
           [](const Response& r) { return Cell{std::to_string(r.sessions_ended())}; }},
      }};
  return view;
}

// The options of `origin register`.
struct Registration {
  v1::RegisterOriginRequest request;
  std::vector<std::string> rtmp, http, api, srt, rtc;
  std::vector<std::string> labels;  // key=value
  std::optional<double> weight;
  std::optional<int64_t> capacity;
};

absl::Status RegisterOrigin(Context& context, const Registration& options) {
  v1::RegisterOriginRequest request = options.request;
  v1::OriginRegistration& registration = *request.mutable_registration();
  registration.mutable_rtmp()->Assign(options.rtmp.begin(), options.rtmp.end());
  registration.mutable_http()->Assign(options.http.begin(), options.http.end());
  registration.mutable_api()->Assign(options.api.begin(), options.api.end());
  registration.mutable_srt()->Assign(options.srt.begin(), options.srt.end());
  registration.mutable_rtc()->Assign(options.rtc.begin(), options.rtc.end());
  if (options.weight.has_value()) registration.set_weight(*options.weight);
  if (options.capacity.has_value()) registration.set_capacity(*options.capacity);
  if (absl::Status read = ReadLabels(options.labels, *registration.mutable_labels()); !read.ok()) {
    return read;
  }

  const auto response =
      context.client.Call<v1::OriginService>(&OriginStub::RegisterOrigin, request);
  if (!response.ok()) return response.status();
  if (request.validate_only()) {
    context.err << "Note: the registration is valid; nothing was changed\n";
    return absl::OkStatus();
  }
  for (const std::string& superseded : response->superseded_origin_ids()) {
    context.err << "Note: this superseded " << PrintableText(superseded) << '\n';
  }
  context.err << "Note: the registration ends after "
              << absl::FormatDuration(absl::Seconds(response->ttl().seconds()))
              << " without a heartbeat or another register\n";
  // Not the whole response: the lease in it is the origin's secret.
  context.printer.One(OriginView(), response->origin());
  return absl::OkStatus();
}

absl::Status DeregisterOrigin(Context& context, v1::DeregisterOriginRequest request,
                              const std::string& selector, bool yes) {
  const auto question = [&]() -> absl::StatusOr<std::string> {
    return "Deregister origin " + request.origin_id() + "? " +
           (request.kick() ? "Its sessions are ended, and come back elsewhere."
                           : "Its streams are placed anew; those that are live stay until they "
                             "end.");
  };
  const auto origin = FindOrigin(context.client, selector);
  if (!origin.ok()) return origin.status();
  request.set_origin_id(origin->id());
  if (absl::Status confirmed = Confirm(context, yes, question); !confirmed.ok()) return confirmed;
  const auto response =
      context.client.Call<v1::OriginService>(&OriginStub::DeregisterOrigin, request);
  if (!response.ok()) return response.status();
  if (!response->warning().empty()) {
    context.err << "Note: " << PrintableText(response->warning()) << '\n';
  }
  context.printer.One(DeregisteredView(), *response);
  return absl::OkStatus();
}

Action DeclareRegister(CLI::App& command) {
  auto options = std::make_shared<Registration>();
  v1::OriginRegistration& registration = *options->request.mutable_registration();
  const auto add_endpoints = [&command](const char* name, std::vector<std::string>& values,
                                        const char* help) {
    return command.add_option(name, values, help)
        ->delimiter(',')
        ->type_name("ENDPOINTS")
        ->expected(1)
        ->take_all();
  };
  command.add_option("--ip", *registration.mutable_ip(), "Its address, or a host name")->required();
  command.add_option("--server", *registration.mutable_server(), "What it is called over restarts")
      ->required();
  command.add_option("--service", *registration.mutable_service(), "This run of it")->required();
  command.add_option("--pid", *registration.mutable_pid(), "Its process id")->required();
  command.add_option("--device-id", *registration.mutable_device_id(), "The name of its machine");
  command.add_option("--zone", *registration.mutable_zone(), "Where it stands");
  add_endpoints("--rtmp", options->rtmp, "Where it listens for RTMP: 1935, 0.0.0.0:1935, …")
      ->required();
  add_endpoints("--http", options->http, "Where it serves HTTP-FLV and HLS");
  add_endpoints("--api", options->api, "Where it serves its HTTP API, WHIP and WHEP");
  add_endpoints("--srt", options->srt, "Where it listens for SRT: udp://0.0.0.0:10080, …");
  add_endpoints("--rtc", options->rtc, "Where it listens for WebRTC: udp://0.0.0.0:8000, …");
  command.add_option("--weight", options->weight, "Its share of new streams; 1 when not told");
  AddLabelOption(command, options->labels, "A label; may be given again");
  command.add_option("--capacity", options->capacity, "Sessions it can hold");
  AddDryRunOption(command, options->request);
  return [options](Context& context) { return RegisterOrigin(context, *options); };
}

Action DeclareDeregister(CLI::App& command) {
  auto request = std::make_shared<v1::DeregisterOriginRequest>();
  auto selector = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  AddOriginArgument(command, *selector);
  command.add_flag_function(
      "--kick", [request = request.get()](int64_t) { request->set_kick(true); },
      "End the sessions on it too, rather than letting it leave with the last of them");
  AddYesOption(command, *yes);
  return [request, selector, yes](Context& context) {
    return DeregisterOrigin(context, *request, *selector, *yes);
  };
}

}  // namespace

std::vector<Command> OriginRegistrationCommands() {
  return {
      {"register", "Register an origin by hand, or renew it",
       "  srsproxyctl origin register --ip 10.0.0.7 --server s7 --service run1 --pid 100 \\\n"
       "      --rtmp 1935 --http 8080 --label disk=ssd\n"
       "  srsproxyctl origin register --ip 10.0.0.7 --server s7 --service run1 --pid 100 \\\n"
       "      --rtmp 1935 --dry-run\n",
       DeclareRegister},
      {"deregister", "End an origin's registration; what is live on it stays until it ends",
       "  srsproxyctl origin deregister vid-0x1a2\n"
       "  srsproxyctl origin deregister vid-0x1a2 --kick --yes\n",
       DeclareDeregister},
  };
}

}  // namespace srsproxy::ctl
