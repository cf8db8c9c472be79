// --wait: how long is waited, what is shown meanwhile, and how it ends.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

v1::DrainProgress Drain(int left, int moved) {
  v1::DrainProgress drain;
  drain.set_streams_left(left);
  drain.set_streams_moved(moved);
  return drain;
}

v1::Rebalance MakeRebalance(v1::RebalanceState state, int done, int skipped) {
  v1::Rebalance rebalance;
  rebalance.set_id("p9");
  rebalance.set_state(state);
  rebalance.set_moves_total(4);
  rebalance.set_moves_done(done);
  rebalance.set_moves_skipped(skipped);
  return rebalance;
}

class WaitTest : public CommandTest {
 protected:
  WaitTest() { fake_.origins = {MakeOrigin("a", "10.0.0.1")}; }
};

TEST_F(WaitTest, ADrainIsWaitedForUntilNoStreamIsLeft) {
  fake_.drains = {Drain(2, 1), Drain(2, 1), Drain(1, 2), Drain(0, 3)};
  EXPECT_EQ(RunCommand("origin drain a --yes --wait"), 0) << err();
  EXPECT_EQ(err(),
            "a: 2 streams left, 0 with a publisher, 1 moved\n"
            "a: 1 stream left, 0 with a publisher, 2 moved\n"
            "a: 0 streams left, 0 with a publisher, 3 moved\n");
  EXPECT_THAT(slept_, SizeIs(3));
}

TEST_F(WaitTest, OnATerminalOneLineIsWrittenOver) {
  environment_.error_is_terminal = true;
  fake_.drains = {Drain(1, 0), Drain(0, 1)};
  EXPECT_EQ(RunCommand("origin drain a --yes --wait"), 0);
  EXPECT_EQ(err(),
            "\r\x1b[Ka: 1 stream left, 0 with a publisher, 0 moved"
            "\r\x1b[Ka: 0 streams left, 0 with a publisher, 1 moved\n");
}

TEST_F(WaitTest, WithoutWaitNobodyLooksAgain) {
  EXPECT_EQ(RunCommand("origin drain a --yes"), 0);
  EXPECT_THAT(fake_.calls(), SizeIs(1));
  EXPECT_THAT(slept_, IsEmpty());
}

TEST_F(WaitTest, ADrainThatTakesTooLongGoesOnWithoutUs) {
  fake_.drains = {Drain(1, 0)};
  EXPECT_EQ(RunCommand("origin drain a --yes --wait-timeout 3s"), 4);
  EXPECT_THAT(err(), HasSubstr("Error: it is not done after 3s, and goes on: a: 1 stream left"));
  EXPECT_THAT(err(), EndsWith("Hint: srsproxyctl origin get a shows how far it is\n"));
  EXPECT_THAT(slept_, SizeIs(6));
}

TEST_F(WaitTest, SettingTheMachinesTimeEndsNoWait) {
  fake_.drains = {Drain(2, 1), Drain(1, 2), Drain(0, 3)};
  environment_.now = [this] { return now_ + absl::Hours(static_cast<double>(slept_.size())); };
  EXPECT_EQ(RunCommand("origin drain a --yes --wait-timeout 3s"), 0) << err();
}

TEST_F(WaitTest, ADrainThatSomebodyEndedIsAConflict) {
  EXPECT_EQ(RunCommand("origin drain a --yes --wait"), 6);
  EXPECT_THAT(err(), HasSubstr("was ended by somebody else"));
}

TEST_F(WaitTest, AnOriginThatLeftIsDrained) {
  fake_.origins = {MakeOrigin("b", "10.0.0.2")};
  EXPECT_EQ(RunCommand("origin drain a --yes --wait"), 0);
  EXPECT_EQ(err(), "a has left\n");
}

TEST_F(WaitTest, AMoveIsWaitedForUntilTheStreamIsThere) {
  fake_.streams = {MakeStream("__defaultVhost__/live/x", "a-run1-100")};
  fake_.streams[0].mutable_pending_move()->set_origin_id("b-run1-100");
  EXPECT_EQ(RunCommand("stream move live/x b --yes --wait"), 0) << err();
  EXPECT_THAT(err(), EndsWith("__defaultVhost__/live/x is on b-run1-100\n"));
  EXPECT_THAT(slept_, SizeIs(1));
}

TEST_F(WaitTest, ARebalanceIsWaitedFor) {
  fake_.rebalances = {MakeRebalance(v1::REBALANCE_STATE_RUNNING, 1, 0),
                      MakeRebalance(v1::REBALANCE_STATE_DONE, 4, 0)};
  EXPECT_EQ(RunCommand("rebalance apply p9 --yes --wait"), 0);
  EXPECT_THAT(err(), HasSubstr("1 of 4 moves made, 0 skipped"));
  EXPECT_THAT(out(), HasSubstr("done"));
}

TEST_F(WaitTest, ARebalanceThatSkippedMovesIsPartial) {
  fake_.rebalances = {MakeRebalance(v1::REBALANCE_STATE_DONE, 3, 1)};
  EXPECT_EQ(RunCommand("rebalance apply p9 --yes --wait"), 8);
}

TEST_F(WaitTest, ARebalanceThatSomebodyCancelledIsAConflict) {
  fake_.rebalances = {MakeRebalance(v1::REBALANCE_STATE_CANCELLED, 3, 0)};
  EXPECT_EQ(RunCommand("rebalance apply p9 --yes --wait"), 6);
}

TEST_F(WaitTest, AProxyIsDrainedWhenNoSessionIsLeft) {
  fake_.proxy.set_id("edge-1");
  fake_.session_counts = {2, 1, 0};
  EXPECT_EQ(RunCommand("proxy drain --yes --wait"), 0);
  EXPECT_EQ(err(), "edge-1: 2 sessions left\nedge-1: 1 session left\nedge-1: 0 sessions left\n");
}

}  // namespace
}  // namespace srsproxy::ctl
