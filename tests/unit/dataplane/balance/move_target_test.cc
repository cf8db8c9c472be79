#include "dataplane/balance/move_target.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

class MoveTargetTest : public testing::Test {
 protected:
  MoveTargetTest() {
    mapping_.key = {"v", "live", "a"};
    mapping_.origin_id = "holder";
    Add("holder");
  }

  void Add(std::string id, OriginHealth health = OriginHealth::kHealthy,
           AdminState admin_state = AdminState::kActive, bool down = false) {
    Origin origin;
    origin.id = std::move(id);
    origin.health = health;
    origin.admin_state = admin_state;
    origin.down = down;
    origins_.origins.push_back(std::make_shared<const Origin>(std::move(origin)));
  }

  // Where the move goes when these are meant.
  MoveTarget Target(std::initializer_list<std::string_view> ids) const {
    std::vector<std::shared_ptr<const Origin>> meant;
    for (const std::string_view id : ids) meant.push_back(origins_.Find(id));
    return MoveTargetOf(origins_, mapping_, meant);
  }

  OriginSnapshot origins_;  // Sorted by id: add them so.
  StreamMapping mapping_;
};

TEST_F(MoveTargetTest, ItGoesToTheBestOfThoseThatAreMeant) {
  Add("q", OriginHealth::kHealthy, AdminState::kCordoned);
  Add("r", OriginHealth::kHealthy, AdminState::kActive, /*down=*/true);
  Add("s", OriginHealth::kSuspect);
  EXPECT_EQ(Target({"q", "r", "s"}).origin_id, "s");
  EXPECT_EQ(Target({"q", "r"}).origin_id, "r") << "ACTIVE comes before any health";
  EXPECT_EQ(Target({"q", "r", "s"}).obstacle, "");
}

TEST_F(MoveTargetTest, ReportsWhyAnOriginCannotTakeTheStream) {
  Add("q", OriginHealth::kHealthy, AdminState::kDraining);
  Add("r", OriginHealth::kDead);
  Add("s", OriginHealth::kHealthy, AdminState::kActive, /*down=*/true);
  EXPECT_EQ(Target({"q"}).obstacle, ToName(AdminState::kDraining));
  EXPECT_EQ(Target({"r"}).obstacle, ToName(OriginHealth::kDead));
  EXPECT_EQ(Target({"s"}).obstacle, "this proxy cannot connect to it");
  EXPECT_EQ(Target({}).obstacle, "it is not registered now");
  EXPECT_EQ(Target({}).origin_id, "");
}

TEST_F(MoveTargetTest, WhereItIsTheStreamMayStayWhateverBecameOfTheOrigin) {
  Add("q", OriginHealth::kSuspect, AdminState::kDraining, /*down=*/true);
  mapping_.origin_id = "q";
  EXPECT_EQ(Target({"q"}).origin_id, "q");
  EXPECT_EQ(Target({"q"}).obstacle, "");
}

TEST_F(MoveTargetTest, WhoSupersededTheHolderIsNamedAsTheMappingNamesIt) {
  Add("new", OriginHealth::kHealthy, AdminState::kDraining);
  OriginSuccessors successors;
  successors["gone"] = {"new"};
  origins_.successors = std::make_shared<const OriginSuccessors>(std::move(successors));
  mapping_.origin_id = "gone";
  EXPECT_EQ(Target({"new"}).origin_id, "gone");
  EXPECT_EQ(Target({"new"}).obstacle, "");
  EXPECT_EQ(Target({"holder"}).origin_id, "holder");
}

}  // namespace
}  // namespace srsproxy
