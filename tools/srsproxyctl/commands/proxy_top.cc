#include "tools/srsproxyctl/commands/proxy_top.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_format.h>
#include <google/protobuf/struct.pb.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using google::protobuf::Struct;

constexpr absl::Duration kDefaultInterval = absl::Seconds(2);
constexpr absl::Duration kShortestInterval = absl::Milliseconds(100);

// What one look saw.
struct Sample {
  absl::Duration time;  // Environment::uptime.
  std::map<std::string, v1::Proxy> proxies;
  std::vector<v1::Origin> origins;
};

absl::StatusOr<Sample> Poll(Context& context) {
  Sample sample;
  const auto add_proxies = [&sample](v1::ListProxiesResponse& page) {
    for (v1::Proxy& proxy : *page.mutable_proxies()) sample.proxies[proxy.id()] = std::move(proxy);
  };
  absl::Status listed =
      ForEachPage<v1::ProxyService>(context.client, &v1::ProxyService::StubInterface::ListProxies,
                                    v1::ListProxiesRequest(), add_proxies);
  if (!listed.ok()) return listed;
  sample.time = context.environment.uptime();
  const auto add_origins = [&sample](v1::ListOriginsResponse& page) {
    for (v1::Origin& origin : *page.mutable_origins()) sample.origins.push_back(std::move(origin));
  };
  listed =
      ForEachPage<v1::OriginService>(context.client, &v1::OriginService::StubInterface::ListOrigins,
                                     v1::ListOriginsRequest(), add_origins);
  if (!listed.ok()) return listed;
  return sample;
}

double Number(const Struct& row, const char* name) { return row.fields().at(name).number_value(); }
std::string Text(const Struct& row, const char* name) {
  return row.fields().at(name).string_value();
}
std::string WholeText(const Struct& row, const char* name) {
  return absl::StrFormat("%.0f", Number(row, name));
}

// A proxy's counts now, and what it did in each second since `before`; a proxy that restarted or
// was not there has done nothing yet.
Struct Row(const v1::Proxy& now, const v1::Proxy* before, double seconds) {
  const bool comparable = before != nullptr && before->pid() == now.pid() && seconds > 0;
  const auto rate = [&](auto latest, auto earlier) {
    return comparable && latest >= earlier ? static_cast<double>(latest - earlier) / seconds : 0.0;
  };
  const v1::Proxy& then = comparable ? *before : now;
  Struct row;
  auto& fields = *row.mutable_fields();
  fields["id"].set_string_value(now.id());
  fields["ready"].set_bool_value(now.ready());
  fields["origins"].set_number_value(static_cast<double>(now.origins()));
  fields["streams"].set_number_value(static_cast<double>(now.streams()));
  fields["sessions"].set_number_value(static_cast<double>(now.sessions()));
  fields["sessionsPerSecond"].set_number_value(rate(now.sessions_begun(), then.sessions_begun()));
  fields["bitsPerSecondIn"].set_number_value(rate(now.bytes_in(), then.bytes_in()) * 8);
  fields["bitsPerSecondOut"].set_number_value(rate(now.bytes_out(), then.bytes_out()) * 8);
  return row;
}

const View<Struct>& ProxyTopView() {
  static const View<Struct> view = {
      "proxies",
      [](const Struct& r) { return Text(r, "id"); },
      {
          {"PROXY", [](const Struct& r) { return Cell{Text(r, "id")}; }},
          {"READY",
           [](const Struct& r) {
             const bool ready = r.fields().at("ready").bool_value();
             return Cell{YesOrNo(ready), ready ? Tone::kGood : Tone::kBad};
           }},
          {"ORIGINS", [](const Struct& r) { return Cell{WholeText(r, "origins")}; }},
          {"STREAMS", [](const Struct& r) { return Cell{WholeText(r, "streams")}; }},
          {"SESSIONS", [](const Struct& r) { return Cell{WholeText(r, "sessions")}; }},
          {"NEW/S",
           [](const Struct& r) {
             return Cell{absl::StrFormat("%.1f", Number(r, "sessionsPerSecond"))};
           }},
          {"IN", [](const Struct& r) { return Cell{BitRateText(Number(r, "bitsPerSecondIn"))}; }},
          {"OUT", [](const Struct& r) { return Cell{BitRateText(Number(r, "bitsPerSecondOut"))}; }},
      }};
  return view;
}

Cell PercentCell(bool present, double ratio) {
  if (!present) return {kNothing};
  return {absl::StrFormat("%.0f %%", ratio * 100), ratio >= 0.9 ? Tone::kWarning : Tone::kPlain};
}

const View<v1::Origin>& OriginTopView() {
  using Origin = v1::Origin;
  static const View<Origin> view = {
      "origins",
      [](const Origin& o) { return o.id(); },
      {
          {"ORIGIN", [](const Origin& o) { return Cell{o.id()}; }},
          {"HEALTH",
           [](const Origin& o) {
             return Cell{EnumText(o.health()),
                         o.health() == v1::ORIGIN_HEALTH_HEALTHY ? Tone::kGood : Tone::kWarning};
           }},
          {"STREAMS", [](const Origin& o) { return Cell{std::to_string(o.streams())}; }},
          {"CPU",
           [](const Origin& o) {
             return PercentCell(o.load().has_cpu_ratio(), o.load().cpu_ratio());
           }},
          {"MEMORY",
           [](const Origin& o) {
             return PercentCell(o.load().has_memory_ratio(), o.load().memory_ratio());
           }},
          {"CONNECTIONS",
           [](const Origin& o) {
             return Cell{o.load().has_connections() ? std::to_string(o.load().connections())
                                                    : kNothing};
           }},
          {"BIT RATE",
           [](const Origin& o) {
             return Cell{o.load().has_bits_per_second()
                             ? BitRateText(static_cast<double>(o.load().bits_per_second()))
                             : kNothing};
           }},
      }};
  return view;
}

void Show(Printer& printer, const Sample& before, const Sample& now) {
  const double seconds = absl::ToDoubleSeconds(now.time - before.time);
  std::vector<Struct> rows;
  for (const auto& [id, proxy] : now.proxies) {
    const auto earlier = before.proxies.find(id);
    const v1::Proxy* then = earlier == before.proxies.end() ? nullptr : &earlier->second;
    rows.push_back(Row(proxy, then, seconds));
  }
  if (printer.redraws()) printer.ClearScreen();
  printer.BeginList(ProxyTopView());
  printer.Page(ProxyTopView(), rows);
  printer.BeginList(OriginTopView());
  printer.Page(OriginTopView(), now.origins);
  printer.EndLists();
  printer.Flush();
}

}  // namespace

absl::Status ShowTop(Context& context, const TopOptions& options) {
  const absl::Duration interval =
      std::max(options.interval.value_or(kDefaultInterval), kShortestInterval);
  const bool forever = !options.count.has_value() && context.printer.redraws();
  auto before = Poll(context);
  if (!before.ok()) return before.status();
  for (uint32_t shown = 0; forever || shown < options.count.value_or(1); ++shown) {
    context.environment.sleep(interval);
    auto now = Poll(context);
    if (!now.ok()) return now.status();
    Show(context.printer, *before, *now);
    if (!context.printer.good()) return absl::OkStatus();
    before = std::move(now);
  }
  return absl::OkStatus();
}

}  // namespace srsproxy::ctl
