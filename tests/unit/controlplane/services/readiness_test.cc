#include "controlplane/services/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ReadinessTest, IsReadyWhenNothingBlocksIt) {
  Readiness readiness;
  EXPECT_TRUE(readiness.ready());
  readiness.Block("start", "the listeners are not open yet");
  readiness.Block("drain", "the proxy stops");
  EXPECT_FALSE(readiness.ready());
  EXPECT_THAT(readiness.reasons(),
              ElementsAre("the proxy stops", "the listeners are not open yet"));

  readiness.Unblock("start");
  EXPECT_FALSE(readiness.ready());
  readiness.Unblock("drain");
  EXPECT_TRUE(readiness.ready());
  EXPECT_THAT(readiness.reasons(), IsEmpty());
}

TEST(ReadinessTest, BlockingAgainReplacesTheReason) {
  Readiness readiness;
  readiness.Block("drain", "one");
  readiness.Block("drain", "two");
  EXPECT_THAT(readiness.reasons(), ElementsAre("two"));
}

TEST(ReadinessTest, DegradedKeepsNobodyAway) {
  Readiness readiness;
  std::vector<bool> observed;
  readiness.SetObserver([&observed](bool ready) { observed.push_back(ready); });
  readiness.Degrade("store", "one");
  readiness.Degrade("store", "two");
  EXPECT_TRUE(readiness.ready());
  EXPECT_THAT(readiness.reasons(), IsEmpty());
  EXPECT_THAT(readiness.degraded(), ElementsAre("two"));
  readiness.Restore("never degraded");
  readiness.Restore("store");
  EXPECT_THAT(readiness.degraded(), IsEmpty());
  EXPECT_THAT(observed, ElementsAre(true));
}

TEST(ReadinessTest, TheObserverLearnsTheStateAndEachChangeOnce) {
  Readiness readiness;
  readiness.Block("start", "not yet");
  std::vector<bool> observed;
  readiness.SetObserver([&observed](bool ready) { observed.push_back(ready); });
  readiness.Block("drain", "the proxy stops");
  readiness.Unblock("never blocked");
  readiness.Unblock("start");
  readiness.Unblock("drain");
  readiness.Unblock("drain");
  readiness.Block("drain", "the proxy stops");
  EXPECT_THAT(observed, ElementsAre(false, true, false));

  readiness.SetObserver(nullptr);
  readiness.Unblock("drain");
  EXPECT_EQ(observed.size(), 3U);
}

}  // namespace
}  // namespace srsproxy::control
