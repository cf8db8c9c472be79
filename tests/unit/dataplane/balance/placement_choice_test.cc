#include "dataplane/balance/placement_choice.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::Contains;
using testing::HasSubstr;

class PlacementChoiceTest : public testing::Test {
 protected:
  Origin& Add(const char* id) {
    auto origin = std::make_shared<Origin>();
    origin->id = id;
    origin->registration.server = std::string("s-") + id;
    origin->registration.rtmp = {{Transport::kTcp, "", 1935}};
    snapshot_.origins.push_back(origin);
    return *origin;
  }
  // The origin's id, or the refusal.
  std::string Choose(std::string_view left_out = {}) {
    const CandidateTable candidates(snapshot_, options_, counts_);
    const auto sibling = [] { return std::optional<StreamMapping>(); };
    const auto pinned = [this] { return pinned_; };
    const PlacementInputs inputs{.request = request_,
                                 .origins = snapshot_,
                                 .candidates = candidates,
                                 .options = options_,
                                 .mapping = std::nullopt,
                                 .sibling = sibling,
                                 .pinned_server = pinned,
                                 .leaving = leaving_};
    steps_.clear();
    const auto decision = PlacementChoice(inputs, PlacementSteps(&steps_)).Choose(left_out, 0);
    reason_ = decision.reason;
    return decision.origin != nullptr ? decision.origin->id
                                      : std::string(MessageOf(decision.refusal));
  }

  PickRequest request_{.key = {"example.com", "live", "cam"}, .excluded = {}};
  OriginSnapshot snapshot_;
  PlacementOptions options_;
  StreamCounts counts_;
  std::optional<std::string> pinned_;
  std::string_view leaving_;
  std::vector<std::string> steps_;
  PickReason reason_ = PickReason::kClaimed;
};

TEST_F(PlacementChoiceTest, TheBestTierIsChosenFrom) {
  Add("a").health = OriginHealth::kSuspect;
  Add("b");
  Add("c").down = true;
  EXPECT_EQ(Choose(), "b");
  EXPECT_EQ(Choose("b"), "a");
  EXPECT_THAT(steps_, Contains(HasSubstr("suspect")));
  request_.excluded = {"a"};
  EXPECT_EQ(Choose("b"), "c");
}

TEST_F(PlacementChoiceTest, APinAllowsOneServer) {
  Add("a");
  Add("b").health = OriginHealth::kSuspect;
  pinned_ = "s-b";
  EXPECT_EQ(Choose(), "b");
  EXPECT_EQ(reason_, PickReason::kPinned);
  pinned_ = "s-c";
  EXPECT_THAT(Choose(), HasSubstr("is pinned to server s-c, of which no origin can serve it"));
}

TEST_F(PlacementChoiceTest, TheFirstRuleThatFitsRestricts) {
  Add("a");
  Add("b").zone = "eu";
  options_.rules = {*PlacementRule::Parse("other.com/* -> zone=us"),
                    *PlacementRule::Parse("example.com/* -> zone=eu"),
                    *PlacementRule::Parse("* -> zone=us")};
  EXPECT_EQ(Choose(), "b");
  EXPECT_THAT(Choose("b"), HasSubstr("selects no origin that can serve"));
}

TEST_F(PlacementChoiceTest, AServerThatIsLeftIsNotChosen) {
  Add("a");
  Add("b").health = OriginHealth::kSuspect;
  leaving_ = "s-a";
  EXPECT_EQ(Choose(), "b");
  EXPECT_THAT(steps_, Contains(HasSubstr("1 of the server that it leaves")));
}

TEST_F(PlacementChoiceTest, AFullOriginOnlyWhereAllAre) {
  Origin& full = Add("a");
  full.capacity = 1;
  full.load.connections = 1;
  EXPECT_EQ(Choose(), "a");
  Add("b");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Choose(), "b");
}

TEST_F(PlacementChoiceTest, RefusesWithWhatIsInTheWay) {
  EXPECT_EQ(Choose(), "no origin is registered with this proxy");
  Add("a").admin_state = AdminState::kDraining;
  EXPECT_EQ(Choose(), "no origin can serve example.com/live/cam by rtmp: 1 cordoned or draining");
}

}  // namespace
}  // namespace srsproxy
