// What is to be written to Redis, and what counts when two proxies write at once.
#include "dataplane/directory/redis/origin_ledger.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/origin_records.h"

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FedOrigin Fed(const OriginRecord& record, uint64_t revision) {
  return {.id = record.registration.Id(), .revision = revision, .record = record};
}
FedOrigin FedEnd(const std::string& id, uint64_t revision) {
  return {.id = id, .revision = revision, .record = std::nullopt};
}
RegisterAnswer At(uint64_t revision) { return {.newer = false, .revision = revision}; }

class OriginLedgerTest : public ::testing::Test {
 protected:
  // Redis has it, as of `revision`.
  void PutWritten(const OriginRecord& record, uint64_t revision) {
    ledger_.Put(record);
    ASSERT_EQ(ledger_.TakeWrites(10).size(), 1u);
    ledger_.Written(record.registration.Id(), At(revision));
  }
  std::map<std::string, KeptRecord, std::less<>> Read(
      std::initializer_list<std::pair<std::string, uint64_t>> servers) {
    std::map<std::string, KeptRecord, std::less<>> all;
    for (const auto& [server, revision] : servers) {
      all.emplace(server + "-svc-1", KeptRecord{Record(server), revision});
    }
    return all;
  }

  FakeClock clock_;
  OriginLedger ledger_;
};

TEST_F(OriginLedgerTest, WhatIsPutTwiceBeforeItIsSentIsWrittenOnce) {
  ledger_.Put(Record("a"));
  ledger_.Put(Record("a", "10.0.0.2"));
  const auto writes = ledger_.TakeWrites(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].record->registration.ip, "10.0.0.2");
  EXPECT_THAT(ledger_.TakeWrites(10), IsEmpty());
  EXPECT_FALSE(ledger_.IsWritten());
  ledger_.Written("a-svc-1", At(5));
  EXPECT_TRUE(ledger_.IsWritten());
}

TEST_F(OriginLedgerTest, WhatNobodyKnowsToBeWrittenIsWrittenAgainAsItIsThen) {
  ledger_.Put(Record("a"));
  ledger_.TakeWrites(10);
  ledger_.Put(Record("a", "10.0.0.2"));
  EXPECT_THAT(ledger_.TakeWrites(10), IsEmpty()) << "one at a time";
  ledger_.Written("a-svc-1", std::nullopt);
  const auto writes = ledger_.TakeWrites(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].record->registration.ip, "10.0.0.2");
}

TEST_F(OriginLedgerTest, WhatCameAndWentWhileRedisWasAwayIsNotWritten) {
  ledger_.Put(Record("a"));
  ledger_.End("a-svc-1", {});
  EXPECT_THAT(ledger_.TakeWrites(10), IsEmpty());
  EXPECT_THAT(ledger_.Ids(), IsEmpty());
}

TEST_F(OriginLedgerTest, NoMoreThanTheLimitAreTaken) {
  for (const char* server : {"a", "b", "c"}) ledger_.Put(Record(server));
  EXPECT_EQ(ledger_.TakeWrites(2).size(), 2u);
  EXPECT_EQ(ledger_.TakeWrites(2).size(), 1u);
}

TEST_F(OriginLedgerTest, AnEndIsInPlaceOfWhatIsKnownAlone) {
  PutWritten(Record("a"), 5);
  ledger_.End("a-svc-1", {.successor = "b-svc-1"});
  const auto writes = ledger_.TakeWrites(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_FALSE(writes[0].record.has_value());
  EXPECT_EQ(writes[0].end.successor, "b-svc-1");
  EXPECT_EQ(writes[0].expected, 5u);
  // Another proxy has registered it meanwhile.
  EXPECT_FALSE(ledger_.Take(Fed(Record("a", "10.0.0.2"), 6), false)) << "not yet";
  const auto meanwhile = ledger_.Written("a-svc-1", RegisterAnswer{.newer = true, .revision = 6});
  ASSERT_TRUE(meanwhile.has_value());
  EXPECT_EQ(ledger_.Find("a-svc-1")->registration.ip, "10.0.0.2");
}

TEST_F(OriginLedgerTest, AnEndThatIsNotSentYetGivesWay) {
  PutWritten(Record("a"), 5);
  ledger_.End("a-svc-1", {});
  EXPECT_TRUE(ledger_.Take(Fed(Record("a", "10.0.0.2"), 6), false));
  EXPECT_THAT(ledger_.TakeWrites(10), IsEmpty());
}

// Sessions are live on it at another proxy, which has heard of the end.
TEST_F(OriginLedgerTest, WhatAnotherProxyKeepsAsLeavingIsNotEndedAgain) {
  OriginRecord record = Record("a");
  PutWritten(record, 5);
  ledger_.End("a-svc-1", {});
  ASSERT_EQ(ledger_.TakeWrites(10).size(), 1u);
  ledger_.Written("a-svc-1", At(6));
  record.leaving = true;
  EXPECT_TRUE(ledger_.Take(Fed(record, 7), /*here=*/false));
  ASSERT_NE(ledger_.Find("a-svc-1"), nullptr);
  EXPECT_TRUE(ledger_.Find("a-svc-1")->leaving);
  EXPECT_THAT(ledger_.TakeWrites(10), IsEmpty());
}

// Another proxy had not heard of the end when it wrote what a flushed Redis had lost.
TEST_F(OriginLedgerTest, WhatWasEndedHereAndIsWrittenAgainEndsAgain) {
  OriginRecord record = Record("a");
  record.registered_at = absl::FromUnixSeconds(1'700'000'000);
  PutWritten(record, 5);
  ledger_.End("a-svc-1", {});
  ASSERT_EQ(ledger_.TakeWrites(10).size(), 1u);
  ledger_.Written("a-svc-1", At(6));
  EXPECT_FALSE(ledger_.Take(Fed(record, 7), /*here=*/false));
  EXPECT_EQ(ledger_.Find("a-svc-1"), nullptr);
  const auto writes = ledger_.TakeWrites(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].record, std::nullopt);
  EXPECT_EQ(writes[0].expected, 7u);
  // It comes while the end is on its way, too, and when everything is read anew.
  EXPECT_FALSE(ledger_.Take(Fed(record, 8), /*here=*/false));
  EXPECT_EQ(ledger_.Written("a-svc-1", RegisterAnswer{.newer = true, .revision = 8}), std::nullopt);
  EXPECT_EQ(ledger_.TakeWrites(10).at(0).expected, 8u);
  ledger_.Written("a-svc-1", At(9));
  ledger_.BeginRead();
  const auto found = ledger_.TakeAll({{"a-svc-1", {record, 10}}}, clock_.Now(), false);
  EXPECT_THAT(found.put, IsEmpty());
  EXPECT_EQ(ledger_.TakeWrites(10).at(0).expected, 10u);
  ledger_.Written("a-svc-1", At(11));
  // A later registration is another one.
  record.registered_at += absl::Seconds(1);
  EXPECT_TRUE(ledger_.Take(Fed(record, 12), /*here=*/false));
  EXPECT_NE(ledger_.Find("a-svc-1"), nullptr);
}

TEST_F(OriginLedgerTest, OfTwoThatAreWrittenAtOnceTheLaterOneCounts) {
  ledger_.Put(Record("a"));
  ledger_.TakeWrites(10);
  EXPECT_FALSE(ledger_.Take(Fed(Record("a", "10.0.0.2"), 4), false));
  EXPECT_FALSE(ledger_.Written("a-svc-1", At(5)).has_value()) << "the other came first";
  EXPECT_EQ(ledger_.Find("a-svc-1")->registration.ip, "10.0.0.1");
  ledger_.Put(Record("a"));
  ledger_.TakeWrites(10);
  EXPECT_FALSE(ledger_.Take(Fed(Record("a", "10.0.0.3"), 7), false));
  EXPECT_TRUE(ledger_.Written("a-svc-1", At(6)).has_value());
  EXPECT_EQ(ledger_.Find("a-svc-1")->registration.ip, "10.0.0.3");
}

TEST_F(OriginLedgerTest, WhatIsOlderThanWhatIsKnownChangesNothing) {
  PutWritten(Record("a"), 5);
  EXPECT_FALSE(ledger_.Take(Fed(Record("a", "10.0.0.2"), 5), false));
  EXPECT_FALSE(ledger_.Take(FedEnd("a-svc-1", 4), false));
  EXPECT_TRUE(ledger_.Take(FedEnd("a-svc-1", 6), false));
  EXPECT_THAT(ledger_.Records(), IsEmpty());
}

TEST_F(OriginLedgerTest, WhatEverybodyHasReadReplacesWhatIsKnown) {
  PutWritten(Record("gone"), 5);
  PutWritten(Record("stays"), 6);
  ledger_.BeginRead();
  const auto found =
      ledger_.TakeAll(Read({{"stays", 6}, {"new", 7}}), clock_.Now(), /*keeps_missing=*/false);
  ASSERT_EQ(found.put.size(), 1u);
  EXPECT_EQ(found.put[0].registration.server, "new");
  EXPECT_THAT(found.removed, ElementsAre("gone-svc-1"));
  EXPECT_THAT(ledger_.Ids(), ElementsAre("new-svc-1", "stays-svc-1"));
}

TEST_F(OriginLedgerTest, WhatChangedWhileItWasReadStays) {
  PutWritten(Record("ended"), 5);
  ledger_.BeginRead();
  PutWritten(Record("put"), 6);
  ASSERT_TRUE(ledger_.Take(FedEnd("ended-svc-1", 7), false));
  const auto found = ledger_.TakeAll(Read({{"ended", 5}}), clock_.Now(), false);
  EXPECT_THAT(found.put, IsEmpty());
  EXPECT_THAT(found.removed, IsEmpty());
  EXPECT_THAT(ledger_.Ids(), ElementsAre("put-svc-1"));
}

TEST_F(OriginLedgerTest, WhatGaveASignOfLifeSinceAndIsMissingIsWrittenAgain) {
  PutWritten(Record("alive"), 5);
  PutWritten(Record("silent"), 6);
  const MonotonicTime since = clock_.Now();
  ledger_.Touch("alive-svc-1", /*here=*/true, clock_.Now());
  ledger_.Touch("silent-svc-1", /*here=*/false, clock_.Now());
  ledger_.BeginRead();
  EXPECT_THAT(ledger_.TakeAll({}, since, /*keeps_missing=*/true).removed, IsEmpty());
  const auto writes = ledger_.TakeWrites(10);
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].id, "alive-svc-1");
  EXPECT_NE(ledger_.Find("silent-svc-1"), nullptr) << "another proxy may hear it";
}

TEST_F(OriginLedgerTest, ARefreshIsDueOnceInAPeriodByWhomever) {
  PutWritten(Record("a"), 5);
  ledger_.Refreshed("a-svc-1", clock_.Now());
  clock_.Advance(absl::Seconds(99));
  EXPECT_FALSE(ledger_.TakeRefresh("a-svc-1", clock_.Now(), absl::Seconds(100)));
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(ledger_.TakeRefresh("a-svc-1", clock_.Now(), absl::Seconds(100)));
  EXPECT_FALSE(ledger_.TakeRefresh("a-svc-1", clock_.Now(), absl::Seconds(100)));
  EXPECT_FALSE(ledger_.TakeRefresh("nobody", clock_.Now(), absl::Seconds(100)));
}

TEST_F(OriginLedgerTest, TheShapeChangesWithTheIds) {
  const uint64_t empty = ledger_.shape();
  PutWritten(Record("a"), 5);
  const uint64_t one = ledger_.shape();
  EXPECT_NE(one, empty);
  ledger_.Put(Record("a", "10.0.0.2"));
  EXPECT_EQ(ledger_.shape(), one);
  ledger_.Hide("a-svc-1");
  EXPECT_NE(ledger_.shape(), one);
}

}  // namespace
}  // namespace srsproxy::redis
