#include "dataplane/balance/origin_leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;

TEST_F(OriginRegistryTest, RenewalBySameSourceKeepsTheLease) {
  const OriginLease first = Register(Srs("a", "10.0.0.1", "1"));
  clock_.Advance(absl::Seconds(10));
  const OriginLease second = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(second.renewed);
  EXPECT_EQ(second.lease_id, first.lease_id);
  EXPECT_EQ(second.generation, 1u);
  EXPECT_EQ(Find("a-svc-1")->heartbeat_at, clock_.WallNow());
  EXPECT_EQ(Find("a-svc-1")->registered_at, clock_.WallNow() - absl::Seconds(10));
}

TEST_F(OriginRegistryTest, RenewalByAnotherSourceEndsTheFormerLease) {
  const OriginLease first = Register(Srs("a", "10.0.0.1", "1"), "10.0.0.1");
  const OriginLease second = Register(Srs("a", "10.0.0.1", "1"), "10.0.0.2");
  EXPECT_NE(second.lease_id, first.lease_id);
  EXPECT_EQ(registry_.Heartbeat(first.lease_id, {}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(registry_.Heartbeat(second.lease_id, {}).ok());
}

TEST_F(OriginRegistryTest, HeartbeatCarriesLoadAndAnswersTheTerms) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  OriginHeartbeat heartbeat;
  heartbeat.load.cpu_ratio = 0.5;
  const auto reply = registry_.Heartbeat(lease.lease_id, heartbeat);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->origin_id, "a-svc-1");
  EXPECT_EQ(reply->generation, 1u);
  EXPECT_EQ(reply->heartbeat_interval, absl::Seconds(10));
  EXPECT_EQ(reply->ttl, absl::Seconds(300));
  EXPECT_EQ(reply->admin_state, AdminState::kCordoned);
  EXPECT_EQ(Find("a-svc-1")->load.cpu_ratio, 0.5);
}

TEST_F(OriginRegistryTest, HeartbeatNeedsALease) {
  Register(Srs("a", "10.0.0.1", "1"));
  for (const char* lease : {"", "a-svc-1", "00000000000000000000000000000000"}) {
    EXPECT_EQ(registry_.Heartbeat(lease, {}).status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(registry_.DeregisterLease(lease).status().code(), absl::StatusCode::kNotFound);
  }
  EXPECT_THAT(Ids(), ElementsAre("a-svc-1"));
}

TEST_F(OriginRegistryTest, RequestedIntervalLeavesThreeHeartbeatsInATtl) {
  OriginRegistry brief(clock_, store_, {.ttl = absl::Seconds(15)});
  EXPECT_EQ(brief.Register(Srs("a", "10.0.0.1", "1"), "x")->heartbeat_interval, absl::Seconds(5));
  OriginRegistration registration = Srs("b", "10.0.0.2", "1");
  registration.heartbeat_interval = absl::Seconds(2);
  EXPECT_EQ(brief.Register(registration, "x")->heartbeat_interval, absl::Seconds(2));
}

TEST_F(OriginRegistryTest, LateAndRepeatedHeartbeatsAreIgnored) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  const auto beat = [&](uint64_t sequence, int64_t streams) {
    const auto reply = registry_.Heartbeat(lease.lease_id, WithStreams(streams, sequence));
    EXPECT_EQ(reply->origin_id, "a-svc-1");
    return reply->ignored;
  };
  EXPECT_FALSE(beat(5, 1));
  Pass(absl::Seconds(100));
  EXPECT_TRUE(beat(5, 2)) << "a repetition";
  EXPECT_TRUE(beat(4, 3)) << "late";
  EXPECT_EQ(Find("a-svc-1")->load.streams, 1);
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kSuspect);
  EXPECT_FALSE(beat(0, 4)) << "not counted";
  EXPECT_FALSE(beat(6, 5));
  EXPECT_EQ(Find("a-svc-1")->load.streams, 5);
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_FALSE(beat(1, 6)) << "counted anew since it registered again";
}

}  // namespace
}  // namespace srsproxy
