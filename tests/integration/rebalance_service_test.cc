// RebalanceService over real registries, spoken to by a real client. The test ticks.

#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "srsproxy/v1/rebalance_service.grpc.pb.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

using testing::HasSubstr;

class RebalanceServiceTest : public ControlPlaneTest {
 protected:
  RebalanceServiceTest() {
    Register("a", 1001);
    for (int i = 0; i < 8; ++i) {
      balancer_.Pick({.key = {"v.com", "live", std::to_string(i)}, .excluded = {}},
                     [this](absl::StatusOr<Placement> viewer) {
                       ASSERT_TRUE(viewer.ok()) << viewer.status();
                       viewer->lease->MarkLive();
                       leases_.push_back(std::move(viewer->lease));
                     });
    }
    Register("b", 1002);
  }

  absl::StatusOr<v1::RebalancePlan> Plan(uint32_t max_kicked = 100, uint32_t max_moves = 0) {
    v1::PlanRebalanceRequest request;
    request.set_max_kicked(max_kicked);
    request.set_max_moves(max_moves);
    grpc::ClientContext context;
    v1::PlanRebalanceResponse response;
    const auto status = stub_->PlanRebalance(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response.plan();
  }
  absl::StatusOr<v1::Rebalance> Apply(const std::string& plan_id, double rate = 0,
                                      bool validate_only = false) {
    v1::ApplyRebalanceRequest request;
    request.set_plan_id(plan_id);
    request.set_moves_per_second(rate);
    request.set_validate_only(validate_only);
    grpc::ClientContext context;
    v1::ApplyRebalanceResponse response;
    const auto status = stub_->ApplyRebalance(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    EXPECT_NE(response.has_rebalance(), validate_only);
    return response.rebalance();
  }
  absl::StatusOr<v1::Rebalance> Get(const std::string& id = "") {
    v1::GetRebalanceRequest request;
    request.set_rebalance_id(id);
    grpc::ClientContext context;
    v1::GetRebalanceResponse response;
    const auto status = stub_->GetRebalance(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response.rebalance();
  }
  absl::StatusOr<v1::Rebalance> Cancel(const std::string& id = "") {
    v1::CancelRebalanceRequest request;
    request.set_rebalance_id(id);
    grpc::ClientContext context;
    v1::CancelRebalanceResponse response;
    const auto status = stub_->CancelRebalance(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response.rebalance();
  }

  template <typename T>
  static void ExpectError(const absl::StatusOr<T>& response, absl::StatusCode code,
                          const std::string& reason, const std::string& metadata = "",
                          const std::string& value = "") {
    ASSERT_EQ(response.status().code(), code) << response.status();
    const v1::ErrorInfo info = ErrorInfoOf(response.status());
    EXPECT_EQ(info.reason(), reason);
    if (metadata.empty()) return;
    const auto found = info.metadata().find(metadata);
    ASSERT_NE(found, info.metadata().end()) << metadata;
    EXPECT_EQ(found->second, value);
  }

  const std::unique_ptr<v1::RebalanceService::Stub> stub_ =
      v1::RebalanceService::NewStub(Channel());
};

TEST_F(RebalanceServiceTest, PlansAndChangesNothing) {
  const auto plan = Plan().value();
  EXPECT_FALSE(plan.id().empty());
  EXPECT_EQ(plan.expire_time().seconds() - plan.create_time().seconds(), 600);
  ASSERT_EQ(plan.shares_size(), 2);
  EXPECT_EQ(plan.shares(0).origin_id(), "a-s1-42");
  EXPECT_EQ(plan.shares(0).streams_before(), 8);
  EXPECT_EQ(plan.shares(0).streams_after(), 4);
  EXPECT_EQ(plan.shares(1).streams_fair(), 4);
  EXPECT_EQ(plan.imbalance_before(), 1);
  EXPECT_EQ(plan.imbalance_after(), 0);
  ASSERT_EQ(plan.moves_size(), 4);
  EXPECT_EQ(plan.moves(0).from_origin_id(), "a-s1-42");
  EXPECT_EQ(plan.moves(0).to_origin_id(), "b-s1-42");
  EXPECT_EQ(plan.moves(0).version(),
            streams_->Find({"v.com", "live", plan.moves(0).stream().substr(11)})->version);
  EXPECT_EQ(Plan(100, 1)->moves_size(), 1);
  EXPECT_EQ(streams_->CountsOf("a-s1-42").streams, 8u);
}

TEST_F(RebalanceServiceTest, ShowsWhatSessionsHold) {
  for (int i = 0; i < 8; ++i) Publish({"v.com", "live", std::to_string(i)});
  auto plan = Plan(0).value();
  EXPECT_EQ(plan.moves_size(), 0);
  EXPECT_EQ(plan.held_by_sessions(), 4u);
  plan = Plan(4).value();
  EXPECT_EQ(plan.sessions_kicked(), 4u);
  EXPECT_EQ(plan.held_by_sessions(), 2u);
  ASSERT_EQ(plan.moves_size(), 2);
  EXPECT_TRUE(plan.moves(0).publisher_live());
  EXPECT_EQ(plan.moves(0).sessions_kicked(), 2u);
}

TEST_F(RebalanceServiceTest, AppliesOnceHoweverOftenItIsAsked) {
  const auto plan = Plan().value();
  ASSERT_TRUE(Apply(plan.id(), 0, /*validate_only=*/true).ok());
  ExpectError(Get(), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND");
  const auto begun = Apply(plan.id(), 1000).value();
  EXPECT_EQ(begun.id(), plan.id());
  EXPECT_EQ(begun.state(), v1::REBALANCE_STATE_RUNNING);
  EXPECT_EQ(begun.moves_total(), 4u);
  EXPECT_TRUE(begun.has_start_time());
  EXPECT_FALSE(begun.has_end_time());
  EXPECT_EQ(Metric("srsproxy_rebalance_in_progress"), 1);

  rebalancer_.Tick();
  EXPECT_GE(Apply(plan.id()).value().moves_done(), 1u);
  while (Get().value().state() == v1::REBALANCE_STATE_RUNNING) rebalancer_.Tick();
  const auto done = Apply(plan.id()).value();
  EXPECT_EQ(done.state(), v1::REBALANCE_STATE_DONE);
  EXPECT_EQ(done.moves_done(), 4u);
  EXPECT_EQ(done.moves_skipped(), 0u);
  EXPECT_TRUE(done.has_end_time());
  EXPECT_EQ(Get(plan.id())->moves_done(), 4u);
  EXPECT_EQ(streams_->CountsOf("a-s1-42").streams, 4u);
  EXPECT_EQ(streams_->CountsOf("b-s1-42").streams, 4u);
  EXPECT_EQ(Metric("srsproxy_rebalance_in_progress"), 0);
  EXPECT_EQ(Metric("srsproxy_rebalance_moves_total{result=\"moved\"}"), 4);
  EXPECT_EQ(Plan()->moves_size(), 0);
}

TEST_F(RebalanceServiceTest, AbortsWhenThePlacementHasChanged) {
  const auto plan = Plan().value();
  const std::string stream = plan.moves(2).stream();
  const StreamKey key{"v.com", "live", stream.substr(std::string("v.com/live/").size())};
  streams_->Move({key, "b-s1-42"}, [](const auto& moved) { ASSERT_TRUE(moved.ok()); });
  ExpectError(Apply(plan.id()), absl::StatusCode::kAborted, "PLACEMENT_CHANGED", "stream", stream);
  ExpectError(Apply(plan.id(), 0, true), absl::StatusCode::kAborted, "PLACEMENT_CHANGED");
  ExpectError(Get(), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND");
}

TEST_F(RebalanceServiceTest, AbortsWhenAnOriginHasDied) {
  const auto plan = Plan().value();
  ASSERT_TRUE(origins_.DeregisterOrigin("b-s1-42").ok());
  const auto refused = Apply(plan.id());
  ExpectError(refused, absl::StatusCode::kAborted, "PLACEMENT_CHANGED");
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("origin b-s1-42 has changed"));
  EXPECT_EQ(streams_->CountsOf("a-s1-42").streams, 8u);
}

TEST_F(RebalanceServiceTest, AnotherProxyThatDrivesIsNamed) {
  const auto plan = Plan().value();
  fleet_.driving = false;
  for (const bool validate_only : {true, false}) {
    ExpectError(Apply(plan.id(), 0, validate_only), absl::StatusCode::kFailedPrecondition,
                "NOT_DRIVING", "proxy_id", "proxy-2");
  }
}

TEST_F(RebalanceServiceTest, OriginThatDiesMeanwhileStopsItsMoves) {
  const auto plan = Plan().value();
  ASSERT_TRUE(Apply(plan.id(), 1000).ok());
  ASSERT_TRUE(origins_.DeregisterOrigin("b-s1-42").ok());
  while (Get().value().state() == v1::REBALANCE_STATE_RUNNING) rebalancer_.Tick();
  EXPECT_EQ(Get()->moves_skipped(), 4u);
  EXPECT_EQ(Get()->messages_size(), 4);
  EXPECT_EQ(Metric("srsproxy_rebalance_moves_total{result=\"skipped\"}"), 4);
}

TEST_F(RebalanceServiceTest, IsCancelled) {
  ExpectError(Cancel(), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND");
  const auto plan = Plan().value();
  const auto other = Plan().value();
  ASSERT_TRUE(Apply(plan.id(), 0.001).ok());
  rebalancer_.Tick();
  ExpectError(Apply(other.id()), absl::StatusCode::kFailedPrecondition, "REBALANCE_STATE",
              "rebalance_id", plan.id());
  EXPECT_EQ(Cancel()->state(), v1::REBALANCE_STATE_CANCELLED);
  EXPECT_EQ(Get()->moves_done(), 1u);
  ExpectError(Cancel(), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND");
  ExpectError(Cancel(plan.id()), absl::StatusCode::kFailedPrecondition, "REBALANCE_STATE",
              "rebalance_id", plan.id());
  rebalancer_.Tick();
  EXPECT_EQ(streams_->CountsOf("b-s1-42").streams, 1u) << "the move that was made stays";
  EXPECT_EQ(Apply(plan.id())->state(), v1::REBALANCE_STATE_CANCELLED);
}

TEST_F(RebalanceServiceTest, RefusesWhatMakesNoSense) {
  ExpectError(Plan(0, 10'001), absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "field",
              "max_moves");
  ExpectError(Apply(""), absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "field", "plan_id");
  ExpectError(Apply("none"), absl::StatusCode::kNotFound, "PLAN_NOT_FOUND", "plan_id", "none");
  ExpectError(Get("none"), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND", "rebalance_id",
              "none");
  ExpectError(Cancel("none"), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND", "rebalance_id",
              "none");
  const auto plan = Plan().value();
  for (const double rate : {-1.0, 1001.0, std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity()}) {
    ExpectError(Apply(plan.id(), rate), absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                "field", "moves_per_second");
  }
  ExpectError(Get(plan.id()), absl::StatusCode::kNotFound, "REBALANCE_NOT_FOUND");
}

}  // namespace
}  // namespace srsproxy::control
