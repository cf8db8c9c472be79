#include "tools/srsproxyctl/output/proxy_view.h"

#include <string>

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

Cell ListenersCell(const v1::Proxy& proxy) {
  std::string text;
  for (const v1::Listener& listener : proxy.listeners()) {
    text += (text.empty() ? "" : "\n") + listener.name() + " " + listener.address();
  }
  return {OrNothing(text)};
}

Cell CertificatesCell(const v1::Proxy& proxy) {
  std::string text;
  for (const v1::Certificate& certificate : proxy.certificates()) {
    text += (text.empty() ? "" : "\n") + certificate.name() + " until " +
            TimeText(certificate.has_expire_time(), certificate.expire_time());
  }
  return {OrNothing(text)};
}

}  // namespace

Cell ReadyCell(const v1::Proxy& proxy) {
  const bool degraded = proxy.degraded_reasons_size() > 0;
  if (proxy.ready() && degraded) {
    return {"degraded: " + Join(proxy.degraded_reasons(), "; "), Tone::kWarning};
  }
  if (proxy.ready()) return {"yes", Tone::kGood};
  return {"no: " + Join(proxy.not_ready_reasons(), "; "), Tone::kBad};
}

const View<v1::Proxy>& ProxyView() {
  using Proxy = v1::Proxy;
  static const View<Proxy> view = {
      "proxies",
      [](const Proxy& p) { return p.id(); },
      {
          {"ID", [](const Proxy& p) { return Cell{p.id()}; }},
          {"VERSION", [](const Proxy& p) { return Cell{p.version()}; }},
          {"ORIGINS", [](const Proxy& p) { return Cell{std::to_string(p.origins())}; }},
          {"STREAMS", [](const Proxy& p) { return Cell{std::to_string(p.streams())}; }},
          {"SESSIONS", [](const Proxy& p) { return Cell{std::to_string(p.sessions())}; }},
          {"STARTED",
           [](const Proxy& p) { return Cell{TimeText(p.has_start_time(), p.start_time())}; }},
          {"READY", ReadyCell},
          {"DRAINING", [](const Proxy& p) { return Cell{YesOrNo(p.draining())}; }, true},
          {"PID", [](const Proxy& p) { return Cell{std::to_string(p.pid())}; }, true},
          {"BALANCER", [](const Proxy& p) { return Cell{p.load_balancer_type()}; }, true},
          {"STRATEGY", [](const Proxy& p) { return Cell{p.load_balancer_strategy()}; }, true},
          {"WORKERS", [](const Proxy& p) { return Cell{std::to_string(p.workers())}; }, true},
          {"SELF-PRESERVATION",
           [](const Proxy& p) {
             return Cell{YesOrNo(p.self_preservation()),
                         p.self_preservation() ? Tone::kWarning : Tone::kPlain};
           },
           true},
          {"LISTENERS", ListenersCell, true},
          {"CERTIFICATES", CertificatesCell, true},
      }};
  return view;
}

}  // namespace srsproxy::ctl
