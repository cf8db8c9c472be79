#include "controlplane/services/rebalance_service.h"

#include <cmath>
#include <string>
#include <utility>

#include <absl/strings/cord.h>
#include <boost/asio/post.hpp>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/enum_convert.h"

namespace srsproxy::control {
namespace {

constexpr int kMaxPlanning = 4;

using control::ToProto;  // Those of convert.h, beside these.

v1::RebalancePlan ToProto(const StoredPlan& stored) {
  v1::RebalancePlan message;
  message.set_id(stored.id);
  *message.mutable_create_time() = ToProto(stored.created_at);
  *message.mutable_expire_time() = ToProto(stored.expires_at);
  for (const OriginShare& share : stored.plan.shares) {
    auto& to = *message.add_shares();
    to.set_origin_id(share.origin_id);
    to.set_weight(share.weight);
    to.set_streams_before(static_cast<int64_t>(share.streams_before));
    to.set_streams_after(static_cast<int64_t>(share.streams_after));
    to.set_streams_fair(share.streams_fair);
  }
  for (const PlannedMove& move : stored.plan.moves) {
    auto& to = *message.add_moves();
    to.set_stream(move.key.ToString());
    to.set_from_origin_id(move.from_origin_id);
    to.set_to_origin_id(move.to_origin_id);
    to.set_version(move.version);
    to.set_sessions_kicked(move.sessions_kicked);
    to.set_publisher_live(move.publisher_live);
  }
  message.set_imbalance_before(stored.plan.imbalance_before);
  message.set_imbalance_after(stored.plan.imbalance_after);
  message.set_sessions_kicked(stored.plan.sessions_kicked);
  message.set_held_by_sessions(stored.plan.held_by_sessions);
  return message;
}

v1::Rebalance ToProto(const RebalanceProgress& progress) {
  v1::Rebalance message;
  message.set_id(progress.id);
  message.set_state(EnumToProto(progress.state));
  message.set_moves_total(progress.moves_total);
  message.set_moves_done(progress.moves_done);
  message.set_moves_skipped(progress.moves_skipped);
  message.set_sessions_kicked(progress.sessions_kicked);
  *message.mutable_start_time() = ToProto(progress.started_at);
  if (progress.ended_at.has_value()) *message.mutable_end_time() = ToProto(*progress.ended_at);
  message.mutable_messages()->Assign(progress.messages.begin(), progress.messages.end());
  return message;
}

// Of a rebalance that is not there, or is in another state.
absl::Status RebalanceError(absl::Status status, const std::string& id) {
  const auto reason = absl::IsNotFound(status) ? v1::ERROR_REASON_REBALANCE_NOT_FOUND
                                               : v1::ERROR_REASON_REBALANCE_STATE;
  return WithReason(std::move(status), reason, {{"rebalance_id", id}});
}

}  // namespace

grpc::ServerUnaryReactor* RebalanceService::PlanRebalance(grpc::CallbackServerContext* context,
                                                          const v1::PlanRebalanceRequest* request,
                                                          v1::PlanRebalanceResponse* response) {
  return ServeAsync(
      observer_, "srsproxy.v1.RebalanceService/PlanRebalance", context, request, response,
      [this](const v1::PlanRebalanceRequest& wanted, const CallContext&, const auto& done) {
        if (planning_.fetch_add(1) >= kMaxPlanning) {
          --planning_;
          return done(CallError(absl::StatusCode::kResourceExhausted,
                                v1::ERROR_REASON_LIMIT_REACHED,
                                "too many plans are being made: try again in a moment"));
        }
        boost::asio::post(planner_, [this, &wanted, done] {
          auto planned = Plan(wanted);
          --planning_;
          done(std::move(planned));
        });
      });
}

grpc::ServerUnaryReactor* RebalanceService::ApplyRebalance(grpc::CallbackServerContext* context,
                                                           const v1::ApplyRebalanceRequest* request,
                                                           v1::ApplyRebalanceResponse* response) {
  return Serve(observer_, "srsproxy.v1.RebalanceService/ApplyRebalance", context, request, response,
               [this](const auto& wanted, const CallContext& call) { return Apply(wanted, call); });
}

grpc::ServerUnaryReactor* RebalanceService::GetRebalance(grpc::CallbackServerContext* context,
                                                         const v1::GetRebalanceRequest* request,
                                                         v1::GetRebalanceResponse* response) {
  return Serve(observer_, "srsproxy.v1.RebalanceService/GetRebalance", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Get(wanted); });
}

grpc::ServerUnaryReactor* RebalanceService::CancelRebalance(
    grpc::CallbackServerContext* context, const v1::CancelRebalanceRequest* request,
    v1::CancelRebalanceResponse* response) {
  return Serve(
      observer_, "srsproxy.v1.RebalanceService/CancelRebalance", context, request, response,
      [this](const auto& wanted, const CallContext& call) { return Cancel(wanted, call); });
}

absl::StatusOr<v1::PlanRebalanceResponse> RebalanceService::Plan(
    const v1::PlanRebalanceRequest& request) {
  if (request.max_moves() > RebalanceLimits::kMaxMoves) {
    return InvalidField("max_moves",
                        absl::StrCat("must not be more than ", RebalanceLimits::kMaxMoves));
  }
  const uint32_t max_moves =
      request.max_moves() == 0 ? RebalanceLimits::kMaxMoves : request.max_moves();
  v1::PlanRebalanceResponse response;
  *response.mutable_plan() =
      ToProto(*rebalancer_.Plan({.max_kicked = request.max_kicked(), .max_moves = max_moves}));
  return response;
}

absl::StatusOr<v1::ApplyRebalanceResponse> RebalanceService::Apply(
    const v1::ApplyRebalanceRequest& request, const CallContext& call) {
  if (request.plan_id().empty()) {
    return InvalidField("plan_id", "is needed; PlanRebalance returns it");
  }
  const double rate = request.moves_per_second();
  if (!std::isfinite(rate) || rate < 0 || rate > Rebalancer::kMaxMovesPerSecond) {
    return InvalidField("moves_per_second",
                        absl::StrCat("must be from 0 to ", Rebalancer::kMaxMovesPerSecond));
  }
  v1::ApplyRebalanceResponse response;
  if (request.validate_only()) {
    auto status = rebalancer_.CheckApply(request.plan_id());
    if (!status.ok()) return ApplyError(std::move(status), request.plan_id());
    return response;
  }
  auto progress =
      rebalancer_.Apply(request.plan_id(), rate == 0 ? Rebalancer::kMovesPerSecond : rate);
  if (!progress.ok()) return ApplyError(progress.status(), request.plan_id());
  observer_.logger.Info("rebalance applied",
                        {{"plan", request.plan_id()}, {"caller", call.caller}});
  *response.mutable_rebalance() = ToProto(*progress);
  return response;
}

absl::Status RebalanceService::ApplyError(absl::Status status, const std::string& plan_id) const {
  if (absl::IsNotFound(status)) {
    return WithReason(std::move(status), v1::ERROR_REASON_PLAN_NOT_FOUND, {{"plan_id", plan_id}});
  }
  if (status.GetPayload(kDriverPayload).has_value()) return WithDriver(std::move(status));
  if (absl::IsFailedPrecondition(status)) {
    return RebalanceError(std::move(status), rebalancer_.RunningId());
  }
  const auto stream = status.GetPayload(kStreamPayload);
  if (!stream.has_value()) {
    return WithReason(std::move(status), v1::ERROR_REASON_PLACEMENT_CHANGED);
  }
  return WithReason(std::move(status), v1::ERROR_REASON_PLACEMENT_CHANGED,
                    {{"stream", std::string(*stream)}});
}

absl::StatusOr<v1::GetRebalanceResponse> RebalanceService::Get(
    const v1::GetRebalanceRequest& request) const {
  const auto progress = rebalancer_.Get(request.rebalance_id());
  if (!progress.ok()) return RebalanceError(progress.status(), request.rebalance_id());
  v1::GetRebalanceResponse response;
  *response.mutable_rebalance() = ToProto(*progress);
  return response;
}

absl::StatusOr<v1::CancelRebalanceResponse> RebalanceService::Cancel(
    const v1::CancelRebalanceRequest& request, const CallContext& call) {
  const auto progress = rebalancer_.Cancel(request.rebalance_id());
  if (!progress.ok()) return RebalanceError(progress.status(), request.rebalance_id());
  observer_.logger.Info("rebalance cancelled", {{"plan", progress->id}, {"caller", call.caller}});
  v1::CancelRebalanceResponse response;
  *response.mutable_rebalance() = ToProto(*progress);
  return response;
}

}  // namespace srsproxy::control
