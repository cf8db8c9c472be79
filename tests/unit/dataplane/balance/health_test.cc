#include "dataplane/balance/health.h"

#include <vector>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

constexpr MonotonicTime kStart{};
constexpr absl::Duration kTtl = absl::Seconds(300);
constexpr absl::Duration kMinSuspect = absl::Seconds(30);

MonotonicTime At(double seconds) {
  return kStart + absl::ToChronoNanoseconds(absl::Seconds(seconds));
}

TEST(HeartbeatTrackerTest, AssumesThenObservesThenIsSet) {
  HeartbeatTracker heartbeats(kStart, absl::Seconds(10));
  heartbeats.Heartbeat(At(0));
  heartbeats.Heartbeat(At(20));
  EXPECT_EQ(heartbeats.Interval(), absl::Seconds(10)) << "one gap tells nothing";
  heartbeats.Heartbeat(At(40));
  EXPECT_EQ(heartbeats.Interval(), absl::Seconds(20));
  heartbeats.Heartbeat(At(140));
  EXPECT_EQ(heartbeats.Interval(), absl::Seconds(20)) << "one pause is no change";
  heartbeats.SetInterval(absl::Seconds(5));
  EXPECT_EQ(heartbeats.Interval(), absl::Seconds(5));
}

TEST(HeartbeatTrackerTest, RegisteringAgainIsASignOfLifeButNoHeartbeat) {
  HeartbeatTracker heartbeats(kStart, absl::Seconds(10));
  for (const double seconds : {0, 40, 80}) {
    heartbeats.Touch(At(seconds));
    heartbeats.Heartbeat(At(seconds));
  }
  heartbeats.Touch(At(120));
  EXPECT_EQ(heartbeats.Interval(), absl::Seconds(40));
  EXPECT_EQ(heartbeats.IdleTime(At(121)), absl::Seconds(1));
}

struct HealthCase {
  const char* name;
  double interval;
  double silence;
  OriginHealth expected;
};

class HealthTest : public testing::TestWithParam<HealthCase> {};

TEST_P(HealthTest, FollowsFromSilence) {
  HeartbeatTracker heartbeats(kStart, absl::Seconds(10));
  heartbeats.SetInterval(absl::Seconds(GetParam().interval));
  EXPECT_EQ(heartbeats.HealthAt(At(GetParam().silence), kMinSuspect, kTtl), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Silences, HealthTest,
    testing::Values(HealthCase{"just_heard", 10, 0, OriginHealth::kHealthy},
                    HealthCase{"before_3_intervals", 20, 59.9, OriginHealth::kHealthy},
                    HealthCase{"after_3_intervals", 20, 60, OriginHealth::kSuspect},
                    HealthCase{"short_interval_before_30s", 1, 29.9, OriginHealth::kHealthy},
                    HealthCase{"short_interval_after_30s", 1, 30, OriginHealth::kSuspect},
                    HealthCase{"before_ttl", 10, 299.9, OriginHealth::kSuspect},
                    HealthCase{"after_ttl", 10, 300, OriginHealth::kDead},
                    HealthCase{"interval_above_ttl", 200, 300, OriginHealth::kDead}),
    [](const auto& row) { return row.param.name; });

struct PreservationCase {
  const char* name;
  size_t origins;
  size_t expiring;
  bool may_expire;
};

class SelfPreservationTest : public testing::TestWithParam<PreservationCase> {};

TEST_P(SelfPreservationTest, DoubtsItselfWhenMostAreSilent) {
  SelfPreservation preservation;
  EXPECT_EQ(preservation.MayExpire(kStart, GetParam().origins, GetParam().expiring, kTtl),
            GetParam().may_expire);
  EXPECT_EQ(preservation.active(), !GetParam().may_expire);
}

INSTANTIATE_TEST_SUITE_P(Fleets, SelfPreservationTest,
                         testing::Values(PreservationCase{"one_of_one", 1, 1, true},
                                         PreservationCase{"three_of_three", 3, 3, true},
                                         PreservationCase{"two_of_four", 4, 2, true},
                                         PreservationCase{"three_of_four", 4, 3, false},
                                         PreservationCase{"all_of_a_hundred", 100, 100, false}),
                         [](const auto& row) { return row.param.name; });

TEST(SelfPreservationTest, EndsOneTtlLater) {
  SelfPreservation preservation;
  EXPECT_FALSE(preservation.MayExpire(At(0), 4, 4, kTtl));
  EXPECT_FALSE(preservation.MayExpire(At(299), 4, 1, kTtl));
  EXPECT_TRUE(preservation.MayExpire(At(300), 4, 4, kTtl));
  EXPECT_FALSE(preservation.active());
}

}  // namespace
}  // namespace srsproxy
