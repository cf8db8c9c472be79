#include "dataplane/directory/redis/use_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

const StreamKey kKey{"v.com", "live", "cam"};

StreamUse Viewers(uint32_t sessions) { return {.sessions = sessions}; }

TEST(UseLedgerTest, NothingIsWrittenOfNobody) {
  UseLedger ledger;
  EXPECT_FALSE(ledger.Needs(kKey, {}));
  EXPECT_TRUE(ledger.Needs(kKey, Viewers(1)));
}

TEST(UseLedgerTest, MostViewersWhoComeAndGoChangeNothing) {
  UseLedger ledger;
  int writes = 0;
  const auto see = [&](uint32_t sessions) {
    if (!ledger.Needs(kKey, Viewers(sessions))) return;
    ++writes;
    ledger.Wrote(kKey, UseLedger::Rounded(Viewers(sessions)));
  };
  for (uint32_t i = 1; i <= 1000; ++i) see(i);
  EXPECT_EQ(writes, 11) << "1, 2, 4 ... 1024";
  for (uint32_t i = 1000; i-- > 0;) see(i);
  EXPECT_LE(writes, 20);
  EXPECT_THAT(ledger.Keys(), testing::IsEmpty()) << "the last one's end is written";
}

TEST(UseLedgerTest, EveryPublisherCounts) {
  UseLedger ledger;
  ledger.Wrote(kKey, {.publishers = 1, .sessions = 4});
  EXPECT_FALSE(ledger.Needs(kKey, {.publishers = 1, .sessions = 3}));
  EXPECT_TRUE(ledger.Needs(kKey, {.publishers = 2, .sessions = 3}));
  EXPECT_TRUE(ledger.Needs(
      kKey, {.publishers = 1, .live_publishers = 1, .sessions = 3, .live_origin = "a"}));
  ledger.Wrote(kKey, {.publishers = 1, .live_publishers = 1, .sessions = 4, .live_origin = "a"});
  EXPECT_TRUE(ledger.Needs(
      kKey, {.publishers = 1, .live_publishers = 1, .sessions = 3, .live_origin = "b"}));
}

TEST(UseLedgerTest, WhatIsInDoubtIsWrittenAgainThoughNobodyIsLeft) {
  UseLedger ledger;
  ledger.Wrote(kKey, {});
  ledger.Doubt(kKey);
  EXPECT_TRUE(ledger.Needs(kKey, {}));
  EXPECT_THAT(ledger.Keys(), testing::ElementsAre(kKey));
  ledger.Wrote(kKey, {});
  EXPECT_FALSE(ledger.Needs(kKey, {}));
}

}  // namespace
}  // namespace srsproxy::redis
