#include "dataplane/balance/remembered_origins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::IsEmpty;

class RememberedOriginsTest : public testing::Test {
 protected:
  void Keep(const std::string& server, std::optional<absl::Duration> silent_for = std::nullopt) {
    OriginRecord record{.registration = Srs(server, "10.0.0.1", "1"),
                        .lease_digests = {"digest"},
                        .source = "10.0.0.1",
                        .registered_at = clock_.WallNow()};
    if (silent_for.has_value()) record.silent_since = clock_.WallNow() - *silent_for;
    store_.PutRecord(record);
  }
  const Origin* Find(const std::string& server) {
    const OriginEntry* const entry = table_.Find(server + "-svc-1");
    return entry == nullptr ? nullptr : entry->origin.get();
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginTraffic traffic_{clock_};
  OriginRegistryOptions options_;
  OriginSnapshots snapshots_{clock_, options_.max_snapshot_age};
  OriginTable table_{clock_, store_, traffic_, snapshots_, options_};
  StartSettle settle_{clock_.Now(), absl::Seconds(1)};
  RememberedOrigins remembered_{{.clock = clock_,
                                 .store = store_,
                                 .table = table_,
                                 .start_settle = settle_,
                                 .options = options_}};
};

TEST_F(RememberedOriginsTest, AreSuspectAndExpected) {
  Keep("a");
  remembered_.TakeOver();
  ASSERT_NE(Find("a"), nullptr);
  EXPECT_EQ(Find("a")->health, OriginHealth::kSuspect);
  EXPECT_TRUE(Find("a")->expected);
  EXPECT_EQ(Find("a")->heartbeat_at, absl::InfinitePast());
  EXPECT_FALSE(table_.At("a-svc-1").confirmed);
}

TEST_F(RememberedOriginsTest, AreExpectedForOneRoundOfHeartbeats) {
  Keep("a");
  remembered_.TakeOver();
  clock_.Advance(absl::FromChrono(StartSettle::kWindow) - absl::Seconds(1));
  remembered_.ForgetExpected(clock_.Now());
  EXPECT_TRUE(Find("a")->expected);
  clock_.Advance(absl::Seconds(1));
  remembered_.ForgetExpected(clock_.Now());
  EXPECT_FALSE(Find("a")->expected);
  EXPECT_EQ(Find("a")->health, OriginHealth::kSuspect);
}

TEST_F(RememberedOriginsTest, OneThatLostItsLeaseIsDeadSinceThen) {
  Keep("a", absl::Hours(1));
  remembered_.TakeOver();
  ASSERT_NE(Find("a"), nullptr);
  EXPECT_EQ(Find("a")->health, OriginHealth::kDead);
  EXPECT_FALSE(Find("a")->expected);
  EXPECT_EQ(table_.At("a-svc-1").lease_end.since(), clock_.Now() - std::chrono::hours(1));
}

TEST_F(RememberedOriginsTest, OneOfLongAgoIsForgotten) {
  Keep("a", options_.keep_dead + absl::Hours(1));
  remembered_.TakeOver();
  EXPECT_EQ(Find("a"), nullptr);
  EXPECT_THAT(store_.Records(), IsEmpty());
}

TEST_F(RememberedOriginsTest, ATimeThatIsStillToComeCountsFromNow) {
  Keep("a", -absl::Hours(5));
  remembered_.TakeOver();
  ASSERT_NE(Find("a"), nullptr);
  EXPECT_EQ(table_.At("a-svc-1").lease_end.since(), clock_.Now());
  EXPECT_EQ(store_.Records().front().silent_since, clock_.WallNow());
}

}  // namespace
}  // namespace srsproxy
