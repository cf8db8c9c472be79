#include "tools/srsproxyctl/commands/proxy_commands.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/commands/proxy_top.h"
#include "tools/srsproxyctl/commands/wait.h"
#include "tools/srsproxyctl/output/filter.h"
#include "tools/srsproxyctl/output/proxy_view.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using ProxyStub = v1::ProxyService::StubInterface;

absl::StatusOr<v1::Proxy> AnsweringProxy(Context& context) {
  const auto response =
      context.client.Call<v1::ProxyService>(&ProxyStub::GetProxy, v1::GetProxyRequest());
  if (!response.ok()) return response.status();
  return response->proxy();
}

absl::Status ListProxies(Context& context, const std::vector<std::string>& filter_terms) {
  auto filter = Filter<v1::Proxy>::Parse(filter_terms, ProxyView());
  if (!filter.ok()) return filter.status();
  const auto show = [&](v1::ListProxiesResponse& page) {
    for (const std::string& id : page.unreachable_proxy_ids()) {
      context.err << "Note: " << PrintableText(id) << " did not answer\n";
      context.exit_code = ExitCode::kPartial;
    }
    filter->Apply(*page.mutable_proxies());
    context.printer.Page(ProxyView(), page.proxies());
  };
  context.printer.BeginList(ProxyView());
  absl::Status listed = ForEachPage<v1::ProxyService>(context.client, &ProxyStub::ListProxies,
                                                      v1::ListProxiesRequest(), show);
  if (!listed.ok()) return listed;
  context.printer.EndLists();
  return absl::OkStatus();
}

absl::Status GetProxy(Context& context) {
  const auto proxy = AnsweringProxy(context);
  if (!proxy.ok()) return proxy.status();
  context.printer.One(ProxyView(), *proxy);
  return absl::OkStatus();
}

// The options of `proxy drain`.
struct DrainOptions {
  v1::DrainProxyRequest request;
  std::optional<absl::Duration> deadline;
  bool yes = false;
  WaitOptions wait;
};

absl::Status DrainProxy(Context& context, const DrainOptions& options) {
  v1::DrainProxyRequest request = options.request;
  if (options.deadline.has_value()) *request.mutable_deadline() = ToProto(*options.deadline);
  const auto question = [&]() -> absl::StatusOr<std::string> {
    const auto proxy = AnsweringProxy(context);
    if (!proxy.ok()) return proxy.status();
    return "Drain proxy " + proxy->id() + ", and end its " + Count(proxy->sessions(), "session") +
           "? It takes no clients until it is restarted.";
  };
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, options.yes, question); !confirmed.ok())
      return confirmed;
  }
  const auto response = context.client.Call<v1::ProxyService>(&ProxyStub::DrainProxy, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  context.printer.One(ProxyView(), response->proxy());
  context.printer.Flush();
  if (request.validate_only()) return absl::OkStatus();
  const auto look = [&]() -> absl::StatusOr<Progress> {
    const auto proxy = AnsweringProxy(context);
    if (!proxy.ok()) return proxy.status();
    return Progress{proxy->sessions() == 0,
                    proxy->id() + ": " + Count(proxy->sessions(), "session") + " left"};
  };
  return WaitUntilDone(context, options.wait, "srsproxyctl proxy get", look);
}

Action DeclareList(CLI::App& command) {
  auto terms = std::make_shared<std::vector<std::string>>();
  AddFilterOption(command, *terms);
  return [terms](Context& context) { return ListProxies(context, *terms); };
}

Action DeclareGet(CLI::App&) { return GetProxy; }

Action DeclareTop(CLI::App& command) {
  auto options = std::make_shared<TopOptions>();
  AddDurationOption(command, "--interval", options->interval,
                    "Time between two looks; 2s when not told");
  command.add_option("--count", options->count,
                     "Show it so often; without a terminal once, else until interrupted");
  return [options](Context& context) { return ShowTop(context, *options); };
}

Action DeclareDrain(CLI::App& command) {
  auto options = std::make_shared<DrainOptions>();
  AddDurationOption(command, "--deadline", options->deadline,
                    "Spread the ends of sessions over this; 0: at once");
  AddWaitOptions(command, options->wait);
  AddDryRunOption(command, options->request);
  AddYesOption(command, options->yes);
  return [options](Context& context) { return DrainProxy(context, *options); };
}

}  // namespace

Noun ProxyCommands() {
  return {"proxy",
          "The proxies themselves",
          {
              {"list", "Show the proxies of the fleet",
               "  srsproxyctl proxy list\n"
               "  srsproxyctl proxy list -o wide\n",
               DeclareList},
              {"get", "Show the proxy that answers",
               "  srsproxyctl proxy get\n"
               "  srsproxyctl proxy get --endpoint 10.0.0.2:12026 -o json | jq .ready\n",
               DeclareGet},
              {"top", "Show how busy proxies and origins are, again and again",
               "  srsproxyctl proxy top\n"
               "  srsproxyctl proxy top --interval 10s --count 6 -o jsonl\n",
               DeclareTop},
              {"drain", "Close the listeners of the proxy that answers, and end its sessions",
               "  srsproxyctl proxy drain --deadline 5m --wait\n"
               "  srsproxyctl proxy drain --endpoint 10.0.0.2:12026 --yes\n",
               DeclareDrain},
          }};
}

}  // namespace srsproxy::ctl
