#include "dataplane/balance/lease_end.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Leases that end.

class LeaseEndTest : public OriginRegistryTest {
 protected:
  // A session of `role` on the origin; null when no session may use it.
  std::unique_ptr<OriginTraffic::Use> Use(Role role, std::string_view id = "a-svc-1") {
    return registry_.traffic().Begin(id, role);
  }
  OriginHealth HealthOf(std::string_view id = "a-svc-1") {
    const auto origin = Find(id);
    return origin == nullptr ? OriginHealth::kDead : origin->health;
  }

  const OriginLease lease_ = Register(Srs("a", "10.0.0.1", "1"));
};

TEST_F(LeaseEndTest, ADeregisteredOriginStaysWhileAPublisherIsThere) {
  auto publisher = Use(Role::kPublisher);
  const auto departure = registry_.DeregisterLease(lease_.lease_id);
  ASSERT_TRUE(departure.ok());
  EXPECT_TRUE(departure->leaving);
  EXPECT_EQ(HealthOf(), OriginHealth::kLeaving);
  EXPECT_TRUE(Find("a-svc-1")->deregistered);
  EXPECT_THAT(store_.Records(), IsEmpty()) << "a restart does not bring it back";
  Pass(absl::Hours(2));
  EXPECT_EQ(HealthOf(), OriginHealth::kLeaving) << "as long as the publisher lasts";
  EXPECT_EQ(registry_.Heartbeat(lease_.lease_id, {}).status().code(), absl::StatusCode::kNotFound);
  std::vector<std::string> left;
  const auto subscription = registry_.Subscribe([&](const OriginEvent& event) {
    if (event.kind == OriginEvent::Kind::kLeft) left.push_back(event.reason);
  });
  publisher.reset();
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1"), nullptr);
  EXPECT_THAT(left, ElementsAre("deregistered, and its last live session has ended"));
}

TEST_F(LeaseEndTest, ADeregisteredOriginWithoutSessionsIsGoneAtOnce) {
  const auto waiting = Use(Role::kViewer);  // Of a stream that nobody publishes.
  const auto departure = registry_.DeregisterOrigin("a-svc-1");
  ASSERT_TRUE(departure.ok());
  EXPECT_FALSE(departure->leaving);
  EXPECT_EQ(Find("a-svc-1"), nullptr);
  EXPECT_EQ(Use(Role::kPublisher), nullptr) << "whoever picked it just before picks anew";
}

TEST_F(LeaseEndTest, ViewersKeepItWhileTheirMediaFlows) {
  auto viewer = Use(Role::kViewer);
  viewer->MediaPassed();
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-1")->leaving);
  for (int i = 0; i < 30; ++i) {
    viewer->MediaPassed();
    Pass(absl::Seconds(1));
  }
  EXPECT_EQ(HealthOf(), OriginHealth::kLeaving);
  Pass(absl::Seconds(9));
  EXPECT_NE(Find("a-svc-1"), nullptr);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1"), nullptr) << "no media for ten seconds";
}

TEST_F(LeaseEndTest, MediaOfViewersThatHaveLeftKeepsNothing) {
  auto viewer = Use(Role::kViewer);
  viewer->MediaPassed();
  viewer.reset();
  EXPECT_FALSE(registry_.DeregisterOrigin("a-svc-1")->leaving);
}

TEST_F(LeaseEndTest, RegisteringAgainEndsTheLeaving) {
  const auto publisher = Use(Role::kPublisher);
  ASSERT_TRUE(registry_.DeregisterOrigin("a-svc-1")->leaving);
  const OriginLease again = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(HealthOf(), OriginHealth::kHealthy);
  EXPECT_FALSE(Find("a-svc-1")->deregistered);
  EXPECT_NE(again.lease_id, lease_.lease_id);
  EXPECT_TRUE(registry_.Heartbeat(again.lease_id, {}).ok());
  EXPECT_EQ(store_.Records().size(), 1u);
}

TEST_F(LeaseEndTest, KickedSessionsKeepNothing) {
  const auto publisher = Use(Role::kPublisher);
  const auto departure = registry_.DeregisterOrigin("a-svc-1", LiveSessions::kAreKicked);
  ASSERT_TRUE(departure.ok());
  EXPECT_FALSE(departure->leaving);
  EXPECT_EQ(Find("a-svc-1"), nullptr);
}

TEST_F(LeaseEndTest, AnOriginThatIsLeavingCanStillBeDeregisteredForGood) {
  const auto publisher = Use(Role::kPublisher);
  ASSERT_TRUE(registry_.DeregisterOrigin("a-svc-1")->leaving);
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-1")->leaving);
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-1", LiveSessions::kAreKicked).ok());
  EXPECT_EQ(Find("a-svc-1"), nullptr);
}

TEST_F(LeaseEndTest, SilenceMakesAnOriginLeaveOnlyOnceItsSessionsHaveEnded) {
  auto publisher = Use(Role::kPublisher);
  Pass(absl::Seconds(301));
  EXPECT_EQ(HealthOf(), OriginHealth::kLeaving) << "traffic renews no lease";
  EXPECT_FALSE(Find("a-svc-1")->deregistered);
  EXPECT_EQ(registry_.stats().lease_expirations, 1u);
  EXPECT_TRUE(registry_.Heartbeat(lease_.lease_id, {}).ok());
  EXPECT_EQ(HealthOf(), OriginHealth::kHealthy);
  Pass(absl::Seconds(301));
  ASSERT_EQ(HealthOf(), OriginHealth::kLeaving);
  publisher.reset();
  Pass(absl::Seconds(1));
  ASSERT_NE(Find("a-svc-1"), nullptr);
  EXPECT_EQ(HealthOf(), OriginHealth::kDead) << "the last resort from now on";
  publisher = Use(Role::kPublisher);
  Pass(absl::Seconds(1));
  EXPECT_EQ(HealthOf(), OriginHealth::kLeaving) << "it was one";
  EXPECT_EQ(registry_.stats().lease_expirations, 2u);
}

TEST_F(LeaseEndTest, TheDeadAreForgottenAfterADay) {
  Pass(absl::Seconds(300));
  ASSERT_EQ(HealthOf(), OriginHealth::kDead);
  clock_.Advance(absl::Hours(24) - absl::Seconds(1));
  registry_.Tick();
  EXPECT_NE(Find("a-svc-1"), nullptr);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1"), nullptr);
  EXPECT_THAT(store_.Records(), IsEmpty());
  EXPECT_EQ(registry_.Heartbeat(lease_.lease_id, {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LeaseEndTest, TheDeadAreForgottenWhenSupersededOrDeregistered) {
  Pass(absl::Seconds(300));
  ASSERT_EQ(HealthOf(), OriginHealth::kDead);
  EXPECT_THAT(Register(Srs("a", "10.0.0.9", "2")).superseded, ElementsAre("a-svc-1"));
  EXPECT_THAT(Ids(), ElementsAre("a-svc-2"));
  Pass(absl::Seconds(300));
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-2").ok());
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(LeaseEndTest, AServersOtherAddressTakesNoOriginThatIsInUse) {
  auto publisher = Use(Role::kPublisher);
  Pass(absl::Seconds(60));
  EXPECT_THAT(Register(Srs("a", "10.0.0.9", "2")).superseded, IsEmpty());
  Pass(absl::Seconds(60));
  EXPECT_NE(Find("a-svc-1"), nullptr);
  publisher.reset();
  Register(Srs("a", "10.0.0.9", "2"));
  Pass(absl::Seconds(1));
  EXPECT_THAT(Ids(), ElementsAre("a-svc-2"));
}

TEST_F(LeaseEndTest, ANewGenerationAtTheSameAddressTakesAnyOrigin) {
  const auto publisher = Use(Role::kPublisher);
  ASSERT_TRUE(registry_.DeregisterOrigin("a-svc-1")->leaving);
  EXPECT_THAT(Register(Srs("a", "10.0.0.1", "2")).superseded, ElementsAre("a-svc-1"));
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->id, "a-svc-2");
}

TEST_F(LeaseEndTest, SessionsCountForWhoSupersededTheirOrigin) {
  auto publisher = Use(Role::kPublisher);
  for (int pid = 2; pid <= 50; ++pid) Register(Srs("a", "10.0.0.1", std::to_string(pid)));
  const auto departure = registry_.DeregisterOrigin("a-svc-50");
  EXPECT_TRUE(departure->leaving);
  EXPECT_EQ(departure->former_ids.size(), 49u);
  publisher.reset();
  Pass(absl::Seconds(1));
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_F(LeaseEndTest, NoMoreThanSomeDeadAreKept) {
  OriginRegistry small(clock_, store_, {.max_origins = 3, .max_dead = 2});
  for (int i = 2; i <= 3; ++i) {
    ASSERT_TRUE(
        small.Register(Srs(absl::StrCat("o", i), absl::StrCat("10.0.0.", i), "1"), "x").ok());
    clock_.Advance(absl::Seconds(2));
  }
  clock_.Advance(absl::Seconds(300));
  small.Tick();
  std::vector<std::string> ids;
  for (const auto& origin : small.snapshot()->origins) ids.push_back(origin->id);
  EXPECT_THAT(ids, ElementsAre("o2-svc-1", "o3-svc-1")) << "a-svc-1 was silent for longest";
  for (int i = 4; i <= 6; ++i) {
    EXPECT_TRUE(
        small.Register(Srs(absl::StrCat("o", i), absl::StrCat("10.0.0.", i), "1"), "x").ok())
        << "the dead keep nobody out";
  }
  EXPECT_FALSE(small.Register(Srs("o7", "10.0.0.7", "1"), "x").ok());
}

TEST_F(LeaseEndTest, TheDeadAreNotProbed) {
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  Pass(absl::Seconds(300));
  ASSERT_EQ(HealthOf(), OriginHealth::kDead);
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty());
}

TEST_F(LeaseEndTest, TheDefaultBackendTakesThePlaceOfADeadOneAtItsAddress) {
  ASSERT_TRUE(registry_.RegisterPermanent(Srs("default", "10.0.0.1", "1")).ok());
  ASSERT_THAT(Ids(), ElementsAre("a-svc-1"));
  Pass(absl::Seconds(300));
  EXPECT_THAT(Ids(), ElementsAre("default-svc-1"));
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->id, "default-svc-1");
}

}  // namespace
}  // namespace srsproxy
