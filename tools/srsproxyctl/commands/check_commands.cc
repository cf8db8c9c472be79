#include "tools/srsproxyctl/commands/check_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <absl/time/time.h>
#include <google/protobuf/struct.pb.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/pages.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using google::protobuf::Struct;

constexpr absl::Duration kCertificateWarning = absl::Hours(14 * 24);

enum class Verdict { kOk, kWarning, kFailed };

std::string Text(const Struct& row, const char* name) {
  return row.fields().at(name).string_value();
}

Cell VerdictCell(const Struct& row) {
  const std::string verdict = Text(row, "state");
  if (verdict == "ok") return {verdict, Tone::kGood};
  return {verdict, verdict == "warning" ? Tone::kWarning : Tone::kBad};
}

const View<Struct>& CheckView() {
  static const View<Struct> view = {
      "checks",
      [](const Struct& r) { return Text(r, "check"); },
      {
          {"CHECK", [](const Struct& r) { return Cell{Text(r, "check")}; }},
          {"STATE", VerdictCell},
          {"WHY", [](const Struct& r) { return Cell{Text(r, "message")}; }},
      }};
  return view;
}

// The rows of the output, and the worst of them.
class CheckResults {
 public:
  void Add(const char* check, Verdict verdict, const std::string& message) {
    static constexpr const char* kNames[] = {"ok", "warning", "failed"};
    Struct row;
    auto& fields = *row.mutable_fields();
    fields["check"].set_string_value(check);
    fields["state"].set_string_value(kNames[static_cast<int>(verdict)]);
    fields["message"].set_string_value(message);
    rows_.push_back(row);
    worst_ = std::max(worst_, verdict);
  }

  const std::vector<Struct>& rows() const { return rows_; }
  Verdict worst() const { return worst_; }

 private:
  std::vector<Struct> rows_;
  Verdict worst_ = Verdict::kOk;
};

void CheckProxy(const v1::Proxy& proxy, absl::Time now, CheckResults& results) {
  results.Add("ready", proxy.ready() ? Verdict::kOk : Verdict::kFailed,
              proxy.ready() ? proxy.id() + " takes clients"
                            : proxy.id() + ": " + Join(proxy.not_ready_reasons(), "; "));
  const bool degraded = proxy.degraded_reasons_size() > 0;
  if (degraded) {
    results.Add("degraded", Verdict::kWarning,
                proxy.id() + ": " + Join(proxy.degraded_reasons(), "; "));
  }
  results.Add("self-preservation", proxy.self_preservation() ? Verdict::kWarning : Verdict::kOk,
              proxy.self_preservation()
                  ? "many origins fell silent at once: silence ends no registration now"
                  : "not needed");
  const int64_t misplaced = proxy.misplaced_streams();
  results.Add("placement", misplaced > 0 ? Verdict::kWarning : Verdict::kOk,
              misplaced > 0 ? Count(misplaced, "stream") +
                                  " apart from the live publisher: being brought together"
                            : "no stream is apart from its live publisher");
  for (const v1::Certificate& certificate : proxy.certificates()) {
    const absl::Time end = absl::FromUnixSeconds(certificate.expire_time().seconds());
    const std::string date = TimeText(true, certificate.expire_time());
    if (end <= now) {
      results.Add("certificate", Verdict::kFailed, certificate.name() + " expired at " + date);
    } else {
      results.Add("certificate", end - now < kCertificateWarning ? Verdict::kWarning : Verdict::kOk,
                  certificate.name() + " expires at " + date);
    }
  }
}

bool IsUsable(const v1::Origin& origin) {
  return origin.health() != v1::ORIGIN_HEALTH_DEAD &&
         origin.health() != v1::ORIGIN_HEALTH_LEAVING && !origin.down() &&
         origin.admin_state() == v1::ADMIN_STATE_ACTIVE;
}

void CheckOrigins(const v1::ListOriginsResponse& known, CheckResults& results) {
  const auto& origins = known.origins();
  const auto usable = std::count_if(origins.begin(), origins.end(), IsUsable);
  const std::string usable_text =
      std::to_string(usable) + " of " + Count(origins.size(), "origin") + " can take streams";
  Verdict verdict = usable == 0 ? Verdict::kFailed : Verdict::kOk;
  for (const v1::Origin& origin : origins) {
    const bool troubled = origin.down() || origin.health() != v1::ORIGIN_HEALTH_HEALTHY;
    if (troubled) verdict = std::max(verdict, Verdict::kWarning);
  }
  results.Add("origins", verdict, usable_text);
  if (known.conflicts().empty()) {
    results.Add("conflicts", Verdict::kOk, "no registrations contradict each other");
  }
  for (const v1::OriginConflict& conflict : known.conflicts()) {
    std::string text = conflict.message();
    if (text.empty()) {  // Of an older proxy.
      text = conflict.server() + " is registered as " + Join(conflict.origin_ids(), ", ");
    } else if (conflict.takeovers() > 0) {
      text += " (" + Count(conflict.takeovers(), "time") + ")";
    }
    results.Add("conflicts", Verdict::kWarning, text);
  }
  if (known.refusals().empty()) {
    results.Add("refusals", Verdict::kOk, "no registration was refused lately");
  }
  for (const v1::OriginRefusal& refusal : known.refusals()) {
    results.Add("refusals", Verdict::kWarning, refusal.source() + ": " + refusal.message());
  }
}

absl::Status Check(Context& context, bool strict) {
  const auto proxy = context.client.Call<v1::ProxyService>(
      &v1::ProxyService::StubInterface::GetProxy, v1::GetProxyRequest());
  if (!proxy.ok()) return proxy.status();
  v1::ListOriginsResponse known;
  const auto collect = [&known](v1::ListOriginsResponse& page) { known.MergeFrom(page); };
  absl::Status listed =
      ForEachPage<v1::OriginService>(context.client, &v1::OriginService::StubInterface::ListOrigins,
                                     v1::ListOriginsRequest(), collect);
  if (!listed.ok()) return listed;

  CheckResults results;
  CheckProxy(proxy->proxy(), context.environment.now(), results);
  CheckOrigins(known, results);
  context.printer.BeginList(CheckView());
  context.printer.Page(CheckView(), results.rows());
  context.printer.EndLists();
  const Verdict allowed = strict ? Verdict::kOk : Verdict::kWarning;
  if (results.worst() > allowed) context.exit_code = ExitCode::kCheckUnhealthy;
  return absl::OkStatus();
}

Action DeclareCheck(CLI::App& command) {
  auto strict = std::make_shared<bool>(false);
  command.add_flag("--strict", *strict, "Warnings count as failures");
  return [strict](Context& context) { return Check(context, *strict); };
}

}  // namespace

Noun CheckCommands() {
  return {"",
          "",
          {{"check", "Say whether the proxy can do its work; exits with 7 when it cannot",
            "  srsproxyctl check\n"
            "  srsproxyctl check --strict -o json\n"
            "  srsproxyctl check > /dev/null || page-somebody\n",
            DeclareCheck}}};
}

}  // namespace srsproxy::ctl
