#include "dataplane/balance/origin_shares.h"

#include <memory>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

class OriginSharesTest : public testing::Test {
 protected:
  Origin& Add(const char* id, double weight, const char* zone = "") {
    auto origin = std::make_shared<Origin>();
    origin->id = id;
    origin->weight = weight;
    origin->zone = zone;
    snapshot_.origins.push_back(origin);
    return *origin;
  }

  OriginSnapshot snapshot_;
  PlacementOptions options_;
};

TEST_F(OriginSharesTest, AFairShareIsByWeight) {
  Add("a", 1);
  Add("b", 3);
  const auto shares = SharesOf(snapshot_, options_, {6, 2});
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_DOUBLE_EQ(shares[0].streams_fair, 2);
  EXPECT_DOUBLE_EQ(shares[1].streams_fair, 6);
  EXPECT_EQ(shares[0].streams_before, 6u);
  EXPECT_DOUBLE_EQ(ImbalanceOf(shares), 2) << "three times its share";
}

TEST_F(OriginSharesTest, WhoTakesNoMovesHasNoShare) {
  Add("a", 1);
  Add("b", 1).admin_state = AdminState::kCordoned;
  Add("c", 1).down = true;
  Add("d", 1).health = OriginHealth::kSuspect;
  const auto shares = SharesOf(snapshot_, options_, {4, 9, 9, 9});
  ASSERT_EQ(shares.size(), 1u);
  EXPECT_EQ(shares[0].origin_id, "a");
  EXPECT_DOUBLE_EQ(ImbalanceOf(shares), 0);
}

TEST_F(OriginSharesTest, WithAZoneEachZoneSharesItsOwn) {
  Add("a", 1, "east");
  Add("b", 1, "east");
  Add("c", 1, "west");
  EXPECT_DOUBLE_EQ(SharesOf(snapshot_, options_, {4, 0, 8})[0].streams_fair, 4);
  options_.zone = "east";
  const auto shares = SharesOf(snapshot_, options_, {4, 0, 8});
  EXPECT_DOUBLE_EQ(shares[0].streams_fair, 2);
  EXPECT_DOUBLE_EQ(shares[2].streams_fair, 8);
}

TEST_F(OriginSharesTest, NothingIsEven) {
  Add("a", 1);
  EXPECT_DOUBLE_EQ(ImbalanceOf(SharesOf(snapshot_, options_, {0})), 0);
  EXPECT_DOUBLE_EQ(ImbalanceOf({}), 0);
}

}  // namespace
}  // namespace srsproxy
