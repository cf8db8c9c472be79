// Commands that change something: what each sends, and that nothing is sent that was not confirmed.
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Change {
  const char* name;
  std::string command;
  std::string sent;   // The call and its request.
  bool asks = false;  // Needs --yes where nobody can be asked.
};

void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

const std::vector<Change>& AllChanges() {
  static const std::vector<Change> changes = {
      Change{"Cordon", "origin cordon a",
             "UpdateOrigin origin: \"a\" settings { admin_state: ADMIN_STATE_CORDONED } "
             "update_mask { paths: \"admin_state\" }"},
      Change{"Uncordon", "origin uncordon a --allow-missing",
             "UpdateOrigin origin: \"a\" settings { admin_state: ADMIN_STATE_ACTIVE } "
             "update_mask { paths: \"admin_state\" } allow_missing: true"},
      Change{"Set", "origin set a --weight 2.5 --zone east --label x=1 --capacity 9",
             "UpdateOrigin origin: \"a\" settings { weight: 2.5 zone: \"east\" labels { values { "
             "key: \"x\" value: \"1\" } } capacity: 9 } update_mask { paths: \"weight\" paths: "
             "\"zone\" paths: \"labels\" paths: \"capacity\" }"},
      Change{"Clear", "origin set a --zone east --clear weight,labels",
             "UpdateOrigin origin: \"a\" settings { zone: \"east\" } update_mask { paths: "
             "\"zone\" paths: \"weight\" paths: \"labels\" }"},
      Change{"Drain", "origin drain a", "DrainOrigin origin: \"a\"", true},
      Change{"DrainAtOnce", "origin drain a --deadline 0", "DrainOrigin origin: \"a\" deadline { }",
             true},
      Change{"DrainLater", "origin drain a --deadline 1m0.5s",
             "DrainOrigin origin: \"a\" deadline { seconds: 60 nanos: 500000000 }", true},
      Change{"Deregister", "origin deregister a", "DeregisterOrigin origin_id: \"a-run1-100\"",
             true},
      Change{"DeregisterByKick", "origin deregister a --kick",
             "DeregisterOrigin origin_id: \"a-run1-100\" kick: true", true},
      Change{"Move", "stream move live/x a", "MoveStream stream: \"live/x\" origin: \"a\"", true},
      Change{"MoveByKick", "stream move live/x a --kick --expected-version 7",
             "MoveStream stream: \"live/x\" origin: \"a\" kick: true expected_version: 7", true},
      Change{"MoveByDeadline", "stream move live/x a --deadline 5m",
             "MoveStream stream: \"live/x\" origin: \"a\" deadline { seconds: 300 }", true},
      Change{"Pin", "stream pin live/x a", "PinStream stream: \"live/x\" origin: \"a\""},
      Change{"Unpin", "stream unpin live/x", "UnpinStream stream: \"live/x\""},
      Change{"Release", "stream release live/x", "ReleaseStream stream: \"live/x\"", true},
      Change{"ReleaseByForce", "stream release live/x --force",
             "ReleaseStream stream: \"live/x\" force: true", true},
      Change{"KickById", "session kick s1 s2",
             "KickSessions filter { session_ids: \"s1\" session_ids: \"s2\" } max_sessions: 1000",
             true},
      Change{"KickByFilter",
             "session kick --stream live/x --origin a --client 192.0.2.1 --role viewer --protocol "
             "srt --max 3 --message abuse",
             "KickSessions filter { stream: \"live/x\" origin_id: \"a-run1-100\" client: "
             "\"192.0.2.1\" role: ROLE_VIEWER protocol: PROTOCOL_SRT } max_sessions: 3 message: "
             "\"abuse\"",
             true},
      Change{"ApplyPlan", "rebalance apply p9 --rate 2",
             "ApplyRebalance plan_id: \"p9\" moves_per_second: 2", true},
      Change{"PlanAndApply", "rebalance apply", "ApplyRebalance plan_id: \"p1\"", true},
      Change{"Cancel", "rebalance cancel", "CancelRebalance"},
      Change{"DrainProxy", "proxy drain --deadline 5m", "DrainProxy deadline { seconds: 300 }",
             true},
      Change{"SetConfig", "config set log_level=debug PROXY_CONNECT_TIMEOUT=5s",
             "UpdateConfig config { log_level: LOG_LEVEL_DEBUG connect_timeout { seconds: 5 } } "
             "update_mask { paths: \"log_level\" paths: \"connect_timeout\" }"},
      Change{"UnsetConfig", "config set log-level=",
             "UpdateConfig config { } update_mask { paths: \"log_level\" }"},
      Change{"Reload", "config reload", "ReloadConfig"}};
  return changes;
}

// Those that ask before they are done.
std::vector<Change> ConfirmedChanges() {
  std::vector<Change> changes = AllChanges();
  std::erase_if(changes, [](const Change& change) { return !change.asks; });
  return changes;
}

// Those whose call can be tried.
std::vector<Change> TriedChanges() {
  std::vector<Change> changes = AllChanges();
  std::erase_if(changes, [](const Change& change) {
    return change.sent.starts_with("CancelRebalance") ||
           change.sent.starts_with("DeregisterOrigin");
  });
  return changes;
}

std::string NameOf(const testing::TestParamInfo<Change>& row) { return row.param.name; }

class ChangesTest : public CommandTest, public testing::WithParamInterface<Change> {
 protected:
  ChangesTest() {
    fake_.origins = {MakeOrigin("a", "10.0.0.1")};
    fake_.streams = {MakeStream("__defaultVhost__/live/x", "a-run1-100")};
    fake_.pins.resize(1);
    fake_.sessions.resize(1);
    fake_.settings.resize(1);
    fake_.plan.set_id("p1");
    fake_.plan.add_moves()->set_stream("__defaultVhost__/live/x");
    fake_.rebalances.resize(1);
  }
};

class TriedChangesTest : public ChangesTest {};
class ConfirmedChangesTest : public ChangesTest {};

TEST_P(ChangesTest, SendsWhatWasRequested) {
  const Change& change = GetParam();
  EXPECT_EQ(RunCommand(change.command + (change.asks ? " --yes" : "")), 0) << err();
  EXPECT_THAT(fake_.changes(), ElementsAre(change.sent));
}

TEST_P(TriedChangesTest, DryRunOnlyAsksWhatWouldBe) {
  EXPECT_EQ(RunCommand(GetParam().command + " --dry-run"), 0) << err();
  ASSERT_EQ(fake_.changes().size(), 1U);
  EXPECT_THAT(fake_.changes()[0], HasSubstr("validate_only: true"));
  EXPECT_THAT(err(), HasSubstr("would be"));
}

TEST_P(ConfirmedChangesTest, SendsNothingThatNobodyConfirmed) {
  EXPECT_EQ(RunCommand(GetParam().command, "y\n"), 2);
  EXPECT_THAT(err(), HasSubstr("Error: nothing was done"));
  EXPECT_THAT(err(), HasSubstr("--yes"));
  EXPECT_THAT(fake_.changes(), IsEmpty());
}

TEST_P(ConfirmedChangesTest, SendsOnlyTrialsWhenTheAnswerIsNo) {
  environment_.input_is_terminal = true;
  EXPECT_EQ(RunCommand(GetParam().command, "n\n"), 1);
  EXPECT_THAT(fake_.changes(), testing::Each(HasSubstr("validate_only: true")));
}

TEST_P(ConfirmedChangesTest, GoesOnWhenTheAnswerIsYes) {
  environment_.input_is_terminal = true;
  EXPECT_EQ(RunCommand(GetParam().command, "y\n"), 0) << err();
  EXPECT_EQ(fake_.changes().back(), GetParam().sent);
}

INSTANTIATE_TEST_SUITE_P(Commands, ChangesTest, testing::ValuesIn(AllChanges()), NameOf);
INSTANTIATE_TEST_SUITE_P(Commands, TriedChangesTest, testing::ValuesIn(TriedChanges()), NameOf);
INSTANTIATE_TEST_SUITE_P(Commands, ConfirmedChangesTest, testing::ValuesIn(ConfirmedChanges()),
                         NameOf);

class OneChangeTest : public CommandTest {};

TEST_F(OneChangeTest, EveryCallThatCanCarriesARandomRequestId) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  ASSERT_EQ(RunCommand("origin cordon a"), 0);
  ASSERT_EQ(RunCommand("origin cordon a"), 0);
  ASSERT_EQ(fake_.request_ids().size(), 2U);
  EXPECT_GE(fake_.request_ids()[0].size(), 16U);
  EXPECT_NE(fake_.request_ids()[0], fake_.request_ids()[1]);
}

TEST_F(OneChangeTest, PlanIsPassedWhatMayBeEnded) {
  ASSERT_EQ(RunCommand("rebalance apply --max-kicked 7 --max-moves 9 --yes"), 0);
  EXPECT_THAT(fake_.calls(), ElementsAre("PlanRebalance max_kicked: 7 max_moves: 9"));
  EXPECT_THAT(err(), HasSubstr("there is nothing to move"));
}

TEST_F(OneChangeTest, KickGoesOnUntilNoneIsLeft) {
  fake_.sessions.resize(5);
  ASSERT_EQ(RunCommand("session kick --role viewer --yes"), 0);
  EXPECT_EQ(fake_.changes().size(), 3U);
  EXPECT_EQ(err(), "Note: 5 sessions were ended\n");
  const auto ids = fake_.request_ids();
  EXPECT_NE(ids[0], ids[1]);
}

TEST_F(OneChangeTest, KickStopsAtItsLimit) {
  fake_.sessions.resize(5);
  ASSERT_EQ(RunCommand("session kick --role viewer --max 3 --yes"), 0);
  EXPECT_EQ(fake_.sessions.size(), 2U);
}

TEST_F(OneChangeTest, KickNeedsAFilter) {
  EXPECT_EQ(RunCommand("session kick --yes"), 2);
  EXPECT_THAT(fake_.calls(), IsEmpty());
}

TEST_F(OneChangeTest, SetNeedsSomethingToSet) {
  EXPECT_EQ(RunCommand("origin set a"), 2);
  EXPECT_EQ(RunCommand("origin set a --weight 1 --clear weight"), 2);
  EXPECT_EQ(RunCommand("origin set a --clear name"), 2);
  EXPECT_EQ(RunCommand("config set log_level"), 2);
  EXPECT_EQ(RunCommand("config set colour=red"), 2);
  EXPECT_EQ(RunCommand("config set log_level=loud"), 2);
  EXPECT_EQ(RunCommand("stream move live/x a --kick --deadline 5m --yes"), 2);
  EXPECT_EQ(RunCommand("rebalance apply p9 --max-kicked 5 --yes"), 2);
  EXPECT_THAT(fake_.calls(), IsEmpty());
}

}  // namespace
}  // namespace srsproxy::ctl
