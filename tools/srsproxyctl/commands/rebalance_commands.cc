#include "tools/srsproxyctl/commands/rebalance_commands.h"

#include <memory>
#include <string>

#include "srsproxy/v1/rebalance_service.grpc.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/commands/confirm.h"
#include "tools/srsproxyctl/commands/wait.h"
#include "tools/srsproxyctl/output/rebalance_view.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using RebalanceStub = v1::RebalanceService::StubInterface;

absl::StatusOr<v1::RebalancePlan> Plan(Context& context, const v1::PlanRebalanceRequest& request) {
  const auto response =
      context.client.Call<v1::RebalanceService>(&RebalanceStub::PlanRebalance, request);
  if (!response.ok()) return response.status();
  return response->plan();
}

absl::StatusOr<v1::Rebalance> Get(Context& context, const std::string& id) {
  v1::GetRebalanceRequest request;
  request.set_rebalance_id(id);
  const auto response =
      context.client.Call<v1::RebalanceService>(&RebalanceStub::GetRebalance, request);
  if (!response.ok()) return response.status();
  return response->rebalance();
}

absl::Status ShowNewPlan(Context& context, const v1::PlanRebalanceRequest& request) {
  const auto plan = Plan(context, request);
  if (!plan.ok()) return plan.status();
  ShowPlan(context.printer, *plan);
  if (plan->moves().empty()) {
    context.err << "Note: there is nothing to move\n";
  } else {
    context.err << "Note: srsproxyctl rebalance apply " << PrintableText(plan->id())
                << " applies it\n";
  }
  return absl::OkStatus();
}

// The options of `rebalance apply`.
struct ApplyOptions {
  v1::PlanRebalanceRequest plan;  // Used when no plan is named.
  v1::ApplyRebalanceRequest request;
  bool yes = false;
  WaitOptions wait;
};

// Where the plan is shown before the question: beside the data.
void ShowPlanBeside(Context& context, const v1::RebalancePlan& plan) {
  Environment beside = context.environment;
  beside.output_is_terminal = beside.error_is_terminal;
  Printer printer(context.err, OutputFormat::kTable, beside);
  ShowPlan(printer, plan);
}

absl::Status WaitForRebalance(Context& context, const WaitOptions& options,
                              v1::Rebalance& rebalance) {
  const std::string id = rebalance.id();
  const auto look = [&]() -> absl::StatusOr<Progress> {
    const auto latest = Get(context, id);
    if (!latest.ok()) return latest.status();
    rebalance = *latest;
    return Progress{rebalance.state() != v1::REBALANCE_STATE_RUNNING, RebalanceText(rebalance)};
  };
  return WaitUntilDone(context, options, "srsproxyctl rebalance get " + id, look);
}

absl::Status ApplyRebalance(Context& context, const ApplyOptions& options) {
  v1::ApplyRebalanceRequest request = options.request;
  if (absl::Status can = CanConfirm(context, options.yes || request.validate_only()); !can.ok()) {
    return can;
  }
  if (request.plan_id().empty()) {
    const auto plan = Plan(context, options.plan);
    if (!plan.ok()) return plan.status();
    if (request.validate_only()) {
      ShowPlan(context.printer, *plan);
    } else {
      ShowPlanBeside(context, *plan);
    }
    if (plan->moves().empty()) {
      context.err << "Note: there is nothing to move\n";
      return absl::OkStatus();
    }
    request.set_plan_id(plan->id());
  }
  const auto question = [&]() -> absl::StatusOr<std::string> {
    return "Apply plan " + request.plan_id() + "?";
  };
  if (!request.validate_only()) {
    if (absl::Status confirmed = Confirm(context, options.yes, question); !confirmed.ok())
      return confirmed;
  }
  const auto response =
      context.client.Call<v1::RebalanceService>(&RebalanceStub::ApplyRebalance, request);
  if (!response.ok()) return response.status();
  NoteDryRun(context, request.validate_only());
  if (request.validate_only()) return absl::OkStatus();
  v1::Rebalance rebalance = response->rebalance();
  const absl::Status waited = WaitForRebalance(context, options.wait, rebalance);
  context.printer.One(RebalanceView(), rebalance);
  if (!waited.ok()) return waited;
  if (rebalance.state() == v1::REBALANCE_STATE_CANCELLED) {
    return absl::AbortedError("the rebalance was cancelled; the moves that were made stay");
  }
  if (rebalance.state() == v1::REBALANCE_STATE_DONE && rebalance.moves_skipped() > 0) {
    context.err << "Note: not all moves were made\n";
    context.exit_code = ExitCode::kPartial;
  }
  return absl::OkStatus();
}

absl::Status GetRebalance(Context& context, const std::string& id, const WaitOptions& options) {
  auto rebalance = Get(context, id);
  if (!rebalance.ok()) return rebalance.status();
  const absl::Status waited = WaitForRebalance(context, options, *rebalance);
  context.printer.One(RebalanceView(), *rebalance);
  return waited;
}

absl::Status CancelRebalance(Context& context, const std::string& id) {
  v1::CancelRebalanceRequest request;
  request.set_rebalance_id(id);
  const auto response =
      context.client.Call<v1::RebalanceService>(&RebalanceStub::CancelRebalance, request);
  if (!response.ok()) return response.status();
  context.printer.One(RebalanceView(), response->rebalance());
  return absl::OkStatus();
}

void AddPlanOptions(CLI::App& command, v1::PlanRebalanceRequest& request) {
  command.add_option_function<uint32_t>(
      "--max-kicked", [&request](uint32_t most) { request.set_max_kicked(most); },
      "At most how many sessions to end; without it nothing moves");
  command.add_option_function<uint32_t>(
      "--max-moves", [&request](uint32_t most) { request.set_max_moves(most); },
      "At most how many moves");
}

Action DeclarePlan(CLI::App& command) {
  auto request = std::make_shared<v1::PlanRebalanceRequest>();
  AddPlanOptions(command, *request);
  return [request](Context& context) { return ShowNewPlan(context, *request); };
}

Action DeclareApply(CLI::App& command) {
  auto options = std::make_shared<ApplyOptions>();
  v1::ApplyRebalanceRequest& request = options->request;
  auto* plan = command.add_option("PLAN", *request.mutable_plan_id(),
                                  "The plan to apply; without it one is made and shown first");
  AddPlanOptions(command, options->plan);
  command.get_option("--max-kicked")->excludes(plan);
  command.get_option("--max-moves")->excludes(plan);
  command
      .add_option_function<double>(
          "--rate", [&request](double rate) { request.set_moves_per_second(rate); },
          "How many moves a second; 5 when not told")
      ->check(CLI::Range(0.001, 1000.0));
  AddWaitOptions(command, options->wait);
  AddDryRunOption(command, request);
  AddYesOption(command, options->yes);
  return [options](Context& context) { return ApplyRebalance(context, *options); };
}

Action DeclareGet(CLI::App& command) {
  auto id = std::make_shared<std::string>();
  auto wait = std::make_shared<WaitOptions>();
  command.add_option("REBALANCE", *id, "The id of its plan; without it the latest");
  AddWaitOptions(command, *wait);
  return [id, wait](Context& context) { return GetRebalance(context, *id, *wait); };
}

Action DeclareCancel(CLI::App& command) {
  auto id = std::make_shared<std::string>();
  command.add_option("REBALANCE", *id, "The id of its plan; without it the one that runs");
  return [id](Context& context) { return CancelRebalance(context, *id); };
}

}  // namespace

Noun RebalanceCommands() {
  return {"rebalance",
          "Evening out where streams are",
          {
              {"plan", "Show what a rebalance would do, and do nothing",
               "  srsproxyctl rebalance plan\n"
               "  srsproxyctl rebalance plan --max-kicked 100 -o json\n",
               DeclarePlan},
              {"apply", "Make the moves of a plan",
               "  srsproxyctl rebalance apply\n"
               "  srsproxyctl rebalance apply --max-kicked 100 --rate 2 --wait --yes\n"
               "  srsproxyctl rebalance apply 3f2a91 --wait\n",
               DeclareApply},
              {"get", "Show how far a rebalance is", "  srsproxyctl rebalance get --wait\n",
               DeclareGet},
              {"cancel", "Stop making moves; those that were made stay",
               "  srsproxyctl rebalance cancel\n", DeclareCancel},
          }};
}

}  // namespace srsproxy::ctl
