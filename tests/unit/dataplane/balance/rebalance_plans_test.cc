#include "dataplane/balance/rebalance_plans.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/held_claims.h"
#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::HasSubstr;

constexpr RebalanceLimits kAll{.max_kicked = 1000};

class RebalancePlansTest : public OriginRegistryTest {
 protected:
  RebalancePlansTest() {
    Register(Srs("a", "10.0.0.1", "1"));
    Register(Srs("b", "10.0.0.2", "1"));
    for (int i = 0; i < 4; ++i) claims_.Claim({Key(i), "a-svc-1", Role::kViewer});
  }

  static StreamKey Key(int i) { return {"v.com", "live", std::to_string(i)}; }
  // Why the plan cannot be applied any more.
  std::string ObstacleOf(const StoredPlan& plan) const {
    const auto known = plans_.Find(plan.id);
    if (!known.ok()) return std::string(MessageOf(known.status()));
    return std::string(MessageOf(plans_.CheckUnchanged(*known)));
  }

  std::shared_ptr<MemoryStreamDirectory> streams_ =
      std::make_shared<MemoryStreamDirectory>(clock_, 1000);
  StreamCounts counts_;
  StickyBalancer balancer_{registry_, streams_, counts_, {}, 1};
  RebalancePlans plans_{
      {.clock = clock_, .origins = registry_, .streams = *streams_, .balancer = balancer_}, 7};
  HeldClaims claims_{*streams_};
};

TEST_F(RebalancePlansTest, APlanIsKeptForTenMinutes) {
  const auto plan = plans_.Make(kAll);
  EXPECT_EQ(plan->plan.moves.size(), 2u);
  EXPECT_EQ(plan->expires_at - plan->created_at, RebalancePlans::kLife);
  clock_.Advance(RebalancePlans::kLife - absl::Seconds(1));
  EXPECT_EQ(plans_.Find(plan->id).value().stored, plan);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(absl::IsNotFound(plans_.Find(plan->id).status()));
}

TEST_F(RebalancePlansTest, OnlyTheLastEightAreKept) {
  std::vector<std::string> ids;
  for (int i = 0; i < 9; ++i) ids.push_back(plans_.Make(kAll)->id);
  EXPECT_FALSE(plans_.Find(ids[0]).ok());
  EXPECT_TRUE(plans_.Find(ids[1]).ok());
  EXPECT_TRUE(plans_.Find(ids[8]).ok());
}

TEST_F(RebalancePlansTest, HoldsWhileNothingChanges) {
  const auto plan = plans_.Make(kAll);
  claims_.Claim({Key(9), "b-svc-1", Role::kViewer});
  EXPECT_EQ(ObstacleOf(*plan), "") << "a stream that it does not move";
}

TEST_F(RebalancePlansTest, AStreamThatMovedBreaksIt) {
  const auto plan = plans_.Make(kAll);
  const StreamKey key = plan->plan.moves[0].key;
  streams_->Move({key, "b-svc-1"}, [](const auto& moved) { EXPECT_TRUE(moved.ok()); });
  EXPECT_THAT(ObstacleOf(*plan), HasSubstr("stream " + key.ToString() + " has been placed anew"));
  const auto status = plans_.CheckUnchanged(*plans_.Find(plan->id));
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(std::string(*status.GetPayload(kStreamPayload)), key.ToString());
}

TEST_F(RebalancePlansTest, AnotherWeightBreaksIt) {
  const auto plan = plans_.Make(kAll);
  EXPECT_TRUE(SetWeight("b", 2).ok());
  EXPECT_THAT(ObstacleOf(*plan), HasSubstr("origin b-svc-1 has changed"));
}

TEST_F(RebalancePlansTest, AnOriginThatTakesNoMovesBreaksIt) {
  const auto plan = plans_.Make(kAll);
  EXPECT_TRUE(SetAdminState("b", AdminState::kCordoned).ok());
  EXPECT_THAT(ObstacleOf(*plan), HasSubstr("origin b-svc-1 has changed"));
}

TEST_F(RebalancePlansTest, OtherSettingsBreakIt) {
  const auto plan = plans_.Make(kAll);
  PlacementOptions options = balancer_.options();
  options.zone = "east";
  balancer_.Configure(options);
  EXPECT_THAT(ObstacleOf(*plan), HasSubstr("the settings of placement have changed"));
}

}  // namespace
}  // namespace srsproxy
