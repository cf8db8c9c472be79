#include "dataplane/balance/origin_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;

TEST(OriginEntryTest, AddressesAreThoseThatAreDialled) {
  OriginRegistration registration;
  registration.ip = "Origin.Example.com";
  registration.rtmp = {{Transport::kTcp, "", 1935},
                       {Transport::kTcp, "0.0.0.0", 1936},
                       {Transport::kTcp, "10.0.0.9", 1937}};
  EXPECT_THAT(RtmpAddresses(registration),
              ElementsAre("origin.example.com:1935", "origin.example.com:1936", "10.0.0.9:1937"));
}

TEST(OriginEntryTest, OneCommonAddressIsEnough) {
  EXPECT_TRUE(ShareAddress({"a:1", "b:1"}, {"c:1", "b:1"}));
  EXPECT_FALSE(ShareAddress({"a:1"}, {"a:2"}));
  EXPECT_FALSE(ShareAddress({}, {}));
}

class OriginEntryLiveTest : public testing::Test {
 protected:
  FakeClock clock_;
  OriginEntry entry_{.origin = std::make_shared<const Origin>(),
                     .leases = {.lease_id = {}},
                     .lease_end = {},
                     .addresses = {},
                     .heartbeats = HeartbeatTracker(clock_.Now(), absl::Seconds(10))};
};

TEST_F(OriginEntryLiveTest, IsLiveForTwoIntervals) {
  clock_.Advance(absl::Seconds(19));
  EXPECT_TRUE(IsLive(entry_, clock_.Now()));
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(IsLive(entry_, clock_.Now()));
  entry_.heartbeats.Heartbeat(clock_.Now());
  EXPECT_TRUE(IsLive(entry_, clock_.Now()));
}

TEST_F(OriginEntryLiveTest, IsNotLiveWithoutALease) {
  entry_.lease_end = LeaseEnd(LeaseEnd::Cause::kDeregistered, clock_.Now());
  EXPECT_FALSE(IsLive(entry_, clock_.Now()));
}

TEST_F(OriginEntryLiveTest, HasToSendThreeHeartbeatsInATtlAtLeast) {
  OriginRegistryOptions options;
  options.heartbeat_interval = absl::Seconds(10);
  options.ttl = absl::Seconds(300);
  EXPECT_EQ(RequestedInterval(entry_, options), absl::Seconds(10));
  Origin with_own;
  with_own.registration.heartbeat_interval = absl::Seconds(50);
  entry_.origin = std::make_shared<const Origin>(with_own);
  EXPECT_EQ(RequestedInterval(entry_, options), absl::Seconds(50));
  options.ttl = absl::Seconds(60);
  EXPECT_EQ(RequestedInterval(entry_, options), absl::Seconds(20));
}

}  // namespace
}  // namespace srsproxy
