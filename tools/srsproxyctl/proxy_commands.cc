#include "tools/srsproxyctl/proxy_commands.h"

#include <string>

#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tools/srsproxyctl/text.h"

namespace srsproxy::ctl {
namespace {

Cell ReadyCell(const v1::Proxy& proxy) {
  if (proxy.ready()) return {"yes", Tone::kGood};
  return {"no: " + Join(proxy.not_ready_reasons(), "; "), Tone::kBad};
}

Cell ListenersCell(const v1::Proxy& proxy) {
  std::string text;
  for (const v1::Listener& listener : proxy.listeners()) {
    text += (text.empty() ? "" : "\n") + listener.name() + " " + listener.address();
  }
  return {OrNothing(text)};
}

const View<v1::Proxy>& ProxyView() {
  using Proxy = v1::Proxy;
  static const View<Proxy> view = {
      "proxies",
      [](const Proxy& p) { return p.id(); },
      {
          {"ID", [](const Proxy& p) { return Cell{p.id()}; }},
          {"VERSION", [](const Proxy& p) { return Cell{p.version()}; }},
          {"READY", ReadyCell},
          {"PID", [](const Proxy& p) { return Cell{std::to_string(p.pid())}; }},
          {"STARTED",
           [](const Proxy& p) { return Cell{TimeText(p.has_start_time(), p.start_time())}; }},
          {"BALANCER", [](const Proxy& p) { return Cell{p.load_balancer_type()}; }},
          {"STRATEGY", [](const Proxy& p) { return Cell{p.load_balancer_strategy()}; }},
          {"WORKERS", [](const Proxy& p) { return Cell{std::to_string(p.workers())}; }},
          {"ORIGINS", [](const Proxy& p) { return Cell{std::to_string(p.origins())}; }},
          {"STREAMS", [](const Proxy& p) { return Cell{std::to_string(p.streams())}; }},
          {"SESSIONS", [](const Proxy& p) { return Cell{std::to_string(p.sessions())}; }},
          {"LISTENERS", ListenersCell},
      }};
  return view;
}

absl::Status GetProxy(Context& context) {
  const auto response = context.client.Call<v1::ProxyService>(
      &v1::ProxyService::StubInterface::GetProxy, v1::GetProxyRequest());
  if (!response.ok()) return response.status();
  context.printer.One(ProxyView(), response->proxy());
  return absl::OkStatus();
}

}  // namespace

Noun ProxyCommands() {
  return {"proxy",
          "The proxies themselves",
          {{"get", "Show the proxy that answers",
            "  srsproxyctl proxy get\n"
            "  srsproxyctl proxy get --endpoint 10.0.0.2:12026 -o json | jq .ready\n",
            [](CLI::App&) -> Action { return GetProxy; }}}};
}

}  // namespace srsproxy::ctl
