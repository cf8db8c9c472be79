#include "tools/srsproxyctl/output/rebalance_view.h"

#include <absl/strings/str_format.h>

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

std::string RatioText(double value) { return absl::StrFormat("%.2f", value); }

const View<v1::RebalancePlan>& PlanView() {
  using Plan = v1::RebalancePlan;
  static const View<Plan> view = {
      "",
      [](const Plan& p) { return p.id(); },
      {
          {"PLAN", [](const Plan& p) { return Cell{p.id()}; }},
          {"IMBALANCE",
           [](const Plan& p) {
             return Cell{RatioText(p.imbalance_before()) + " -> " + RatioText(p.imbalance_after())};
           }},
          {"MOVES", [](const Plan& p) { return Cell{std::to_string(p.moves_size())}; }},
          {"SESSIONS TO END",
           [](const Plan& p) {
             return Cell{std::to_string(p.sessions_kicked()),
                         p.sessions_kicked() == 0 ? Tone::kGood : Tone::kWarning};
           }},
          {"HELD BY SESSIONS",
           [](const Plan& p) {
             const std::string count = Count(p.held_by_sessions(), "stream");
             return Cell{p.held_by_sessions() == 0 ? kNothing
                                                   : count + "; --max-kicked would move more"};
           }},
          {"EXPIRES",
           [](const Plan& p) { return Cell{TimeText(p.has_expire_time(), p.expire_time())}; }},
      }};
  return view;
}

const View<v1::OriginShare>& ShareView() {
  using Share = v1::OriginShare;
  static const View<Share> view = {
      "shares",
      [](const Share& s) { return s.origin_id(); },
      {
          {"ORIGIN", [](const Share& s) { return Cell{s.origin_id()}; }},
          {"WEIGHT", [](const Share& s) { return Cell{NumberText(s.weight())}; }},
          {"STREAMS", [](const Share& s) { return Cell{std::to_string(s.streams_before())}; }},
          {"AFTER", [](const Share& s) { return Cell{std::to_string(s.streams_after())}; }},
          {"FAIR", [](const Share& s) { return Cell{RatioText(s.streams_fair())}; }},
      }};
  return view;
}

const View<v1::PlannedMove>& MoveView() {
  using Move = v1::PlannedMove;
  static const View<Move> view = {
      "moves",
      [](const Move& m) { return m.stream(); },
      {
          {"STREAM", [](const Move& m) { return Cell{m.stream()}; }},
          {"FROM", [](const Move& m) { return Cell{m.from_origin_id()}; }},
          {"TO", [](const Move& m) { return Cell{m.to_origin_id()}; }},
          {"SESSIONS", [](const Move& m) { return Cell{std::to_string(m.sessions_kicked())}; }},
          {"PUBLISHER",
           [](const Move& m) { return Cell{m.publisher_live() ? "ended" : kNothing}; }},
      }};
  return view;
}

Cell StateCell(const v1::Rebalance& rebalance) {
  const std::string text = EnumText(rebalance.state());
  return {text, rebalance.state() == v1::REBALANCE_STATE_DONE ? Tone::kGood : Tone::kWarning};
}

}  // namespace

void ShowPlan(Printer& printer, const v1::RebalancePlan& plan) {
  printer.One(PlanView(), plan);
  if (!printer.shows_tables()) return;
  printer.BeginList(ShareView());
  printer.Page(ShareView(), plan.shares());
  printer.BeginList(MoveView());
  printer.Page(MoveView(), plan.moves());
  printer.EndLists();
}

const View<v1::Rebalance>& RebalanceView() {
  using Rebalance = v1::Rebalance;
  static const View<Rebalance> view = {
      "",
      [](const Rebalance& r) { return r.id(); },
      {
          {"REBALANCE", [](const Rebalance& r) { return Cell{r.id()}; }},
          {"STATE", StateCell},
          {"PROGRESS", [](const Rebalance& r) { return Cell{RebalanceText(r)}; }},
          {"STARTED",
           [](const Rebalance& r) { return Cell{TimeText(r.has_start_time(), r.start_time())}; }},
          {"ENDED",
           [](const Rebalance& r) { return Cell{TimeText(r.has_end_time(), r.end_time())}; }},
          {"SKIPPED", [](const Rebalance& r) { return Cell{OrNothing(Join(r.messages(), "\n"))}; }},
      }};
  return view;
}

std::string RebalanceText(const v1::Rebalance& rebalance) {
  return std::to_string(rebalance.moves_done()) + " of " + Count(rebalance.moves_total(), "move") +
         " made, " + std::to_string(rebalance.moves_skipped()) + " skipped, " +
         Count(rebalance.sessions_kicked(), "session") + " ended";
}

}  // namespace srsproxy::ctl
