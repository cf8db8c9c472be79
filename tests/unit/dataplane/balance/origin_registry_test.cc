#include "dataplane/balance/origin_registry.h"

#include <latch>
#include <thread>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(OriginRegistryTest, RegistersAnOrigin) {
  const OriginLease lease = Register(Srs("vid-1", "10.0.0.1", "7"), "192.168.0.9");
  EXPECT_EQ(lease.origin_id, "vid-1-svc-7");
  EXPECT_EQ(lease.generation, 1u);
  EXPECT_EQ(lease.lease_id.size(), 32u);
  EXPECT_EQ(lease.heartbeat_interval, absl::Seconds(10));
  EXPECT_EQ(lease.ttl, absl::Seconds(300));
  EXPECT_FALSE(lease.renewed);
  EXPECT_THAT(lease.superseded, IsEmpty());

  const auto origin = Find("vid-1-svc-7");
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->source, "192.168.0.9");
  EXPECT_EQ(origin->health, OriginHealth::kHealthy);
  EXPECT_EQ(origin->admin_state, AdminState::kActive);
  EXPECT_EQ(origin->registered_at, clock_.WallNow());
  EXPECT_FALSE(origin->permanent);
}

TEST_F(OriginRegistryTest, RefusesMoreOriginsThanItsLimit) {
  OriginRegistry small(clock_, store_, {.max_origins = 1});
  ASSERT_TRUE(small.Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  EXPECT_EQ(small.Register(Srs("b", "10.0.0.2", "1"), "x").status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(small.Register(Srs("a", "10.0.0.1", "1"), "x").ok()) << "a renewal is no new one";
}

TEST_F(OriginRegistryTest, RenewalTakesOverWhatChanged) {
  Register(Srs("a", "10.0.0.1", "1"));
  OriginRegistration changed = Srs("a", "10.0.0.1", "1");
  changed.srt = {{Transport::kUdp, "", 10080}};
  changed.weight = 3;
  Register(changed);
  EXPECT_EQ(Find("a-svc-1")->registration, changed);
  EXPECT_EQ(Find("a-svc-1")->weight, 3);
}

TEST_F(OriginRegistryTest, ADepartureShowsWhetherTheOriginWasLive) {
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-1")->live);
  Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(20));
  EXPECT_FALSE(registry_.DeregisterOrigin("a-svc-1")->live);
}

TEST_F(OriginRegistryTest, OperatorDeregistersById) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(registry_.DeregisterOrigin("a-svc-1").ok());
  EXPECT_EQ(registry_.DeregisterOrigin("a-svc-1").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(registry_.Heartbeat(lease.lease_id, {}).status().code(), absl::StatusCode::kNotFound);
}

// The default backend.

TEST_F(OriginRegistryTest, PermanentOriginNeedsNoHeartbeat) {
  EXPECT_TRUE(registry_.RegisterPermanent(Srs("default", "127.0.0.1", "1")).ok());
  Pass(absl::Seconds(900));
  ASSERT_NE(Find("default-svc-1"), nullptr);
  EXPECT_TRUE(Find("default-svc-1")->permanent);
  EXPECT_EQ(Find("default-svc-1")->health, OriginHealth::kHealthy);
  EXPECT_EQ(registry_.DeregisterOrigin("default-svc-1").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(registry_.RegisterPermanent(Srs("default", "", "1")).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(OriginRegistryTest, PermanentOriginGivesWayAndComesBack) {
  EXPECT_TRUE(registry_.RegisterPermanent(Srs("default", "127.0.0.1", "1")).ok());
  const OriginLease lease = Register(Srs("real", "127.0.0.1", "1"));
  EXPECT_THAT(Ids(), ElementsAre("real-svc-1"));
  EXPECT_EQ(registry_.snapshot()->Resolve("default-svc-1")->id, "real-svc-1");
  EXPECT_TRUE(registry_.DeregisterLease(lease.lease_id).ok());
  EXPECT_THAT(Ids(), ElementsAre("default-svc-1"));
}

// The store.

TEST_F(OriginRegistryTest, TakesOverTheRecordsOfItsStore) {
  Register(Srs("a", "10.0.0.1", "1"));
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_TRUE(SetWeight("a", 4).ok());
  OriginRegistry restarted(clock_, store_);
  const auto origin = restarted.snapshot()->Find("a-svc-2");
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->generation, 2u);
  EXPECT_EQ(origin->weight, 4);
  EXPECT_TRUE(restarted.Heartbeat(lease.lease_id, {}).ok());
}

class RememberedOriginTest : public OriginRegistryTest {
 protected:
  RememberedOriginTest() {
    lease_ = Register(Srs("a", "10.0.0.1", "1")).lease_id;
    Register(Srs("b", "10.0.0.2", "1"), "10.0.0.2");
    clock_.Advance(absl::Hours(1));  // The proxy is away.
    restarted_.emplace(clock_, store_, OriginRegistryOptions{.start_settle = absl::Seconds(1)});
  }
  std::shared_ptr<const Origin> FindAgain(std::string_view id) {
    return restarted_->CurrentSnapshot()->Find(id);
  }
  void PassAgain(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      restarted_->Tick();
    }
  }

  std::string lease_;
  std::optional<OriginRegistry> restarted_;
};

TEST_F(RememberedOriginTest, IsSuspectAndUsableAtOnce) {
  EXPECT_EQ(FindAgain("a-svc-1")->health, OriginHealth::kSuspect);
  EXPECT_TRUE(FindAgain("a-svc-1")->expected);
  EXPECT_EQ(FindAgain("a-svc-1")->heartbeat_at, absl::InfinitePast());
  EXPECT_LE(restarted_->PlaceFrom(), clock_.Now());
  EXPECT_LE(restarted_->ReadyFrom(), clock_.Now());
}

TEST_F(RememberedOriginTest, IsHealthyFromItsFirstHeartbeat) {
  ASSERT_TRUE(restarted_->Heartbeat(lease_, {}).ok());
  EXPECT_EQ(FindAgain("a-svc-1")->health, OriginHealth::kHealthy);
  EXPECT_FALSE(FindAgain("a-svc-1")->expected);
  ASSERT_TRUE(restarted_->Register(Srs("b", "10.0.0.2", "1"), "10.0.0.2").ok());
  EXPECT_EQ(FindAgain("b-svc-1")->health, OriginHealth::kHealthy);
}

TEST_F(RememberedOriginTest, IsNoWorseThanOneThatComesFirstForOneRound) {
  ASSERT_TRUE(restarted_->Heartbeat(lease_, {}).ok());
  PassAgain(absl::Seconds(11));
  EXPECT_EQ(TierOf(*FindAgain("b-svc-1")), Tier::kHealthy);
  EXPECT_EQ(FindAgain("b-svc-1")->health, OriginHealth::kSuspect) << "it is shown as it is";
  PassAgain(absl::Seconds(1));
  EXPECT_EQ(TierOf(*FindAgain("b-svc-1")), Tier::kSuspect);
  EXPECT_EQ(TierOf(*FindAgain("a-svc-1")), Tier::kHealthy);
}

TEST_F(RememberedOriginTest, ItsSilenceCountsFromTheRestart) {
  PassAgain(absl::Seconds(299));
  EXPECT_EQ(FindAgain("a-svc-1")->health, OriginHealth::kSuspect);
  PassAgain(absl::Seconds(1));
  EXPECT_EQ(FindAgain("a-svc-1")->health, OriginHealth::kDead);
  EXPECT_THAT(store_.Records(), SizeIs(2)) << "the last resort is remembered, too";
}

TEST_F(RememberedOriginTest, ARenewalGivesALeaseBesideTheRememberedOne) {
  const auto renewed = restarted_->Register(Srs("a", "10.0.0.1", "1"), "10.0.0.1");
  EXPECT_TRUE(renewed->renewed);
  EXPECT_TRUE(restarted_->Heartbeat(lease_, {}).ok()) << "an agent beside SRS keeps its lease";
  EXPECT_TRUE(restarted_->Heartbeat(renewed->lease_id, {}).ok());
  OriginRegistry again(clock_, store_);
  EXPECT_TRUE(again.Heartbeat(lease_, {}).ok());
  EXPECT_TRUE(again.Heartbeat(renewed->lease_id, {}).ok());
}

TEST_F(RememberedOriginTest, AnotherSourceEndsAllItsLeases) {
  ASSERT_TRUE(restarted_->Register(Srs("a", "10.0.0.1", "1"), "10.0.0.9").ok());
  EXPECT_EQ(restarted_->Heartbeat(lease_, {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RememberedOriginTest, OneThatMovedMeanwhileIsNoConflict) {
  ASSERT_TRUE(restarted_->Register(Srs("a", "10.0.0.7", "2"), "10.0.0.7").ok());
  EXPECT_THAT(restarted_->Conflicts(), IsEmpty());
  EXPECT_EQ(restarted_->stats().conflicts, 0u);
  for (int i = 0; i < 3; ++i) {
    PassAgain(absl::Seconds(10));
    ASSERT_TRUE(restarted_->Register(Srs("a", "10.0.0.7", "2"), "10.0.0.7").ok());
  }
  EXPECT_EQ(FindAgain("a-svc-1"), nullptr);
  EXPECT_EQ(restarted_->snapshot()->Resolve("a-svc-1")->id, "a-svc-2");
}

TEST_F(RememberedOriginTest, LeaseIdsAreNotInTheStore) {
  for (const OriginRecord& record : store_.Records()) {
    for (const std::string& digest : record.lease_digests) {
      EXPECT_NE(digest, lease_);
      EXPECT_EQ(digest.size(), 64u);
    }
  }
}

TEST_F(OriginRegistryTest, HundredConcurrentRegistrationsAreAllListed) {
  constexpr int kOrigins = 100;
  std::latch start(kOrigins);
  std::vector<std::thread> threads;
  for (int i = 0; i < kOrigins; ++i) {
    threads.emplace_back([&, i] {
      const auto subscription = registry_.Subscribe([](const OriginEvent&) {});
      start.arrive_and_wait();
      const auto lease =
          registry_.Register(Srs(absl::StrCat("o", i), absl::StrCat("10.0.1.", i), "1"), "x");
      EXPECT_TRUE(registry_.Heartbeat(lease->lease_id, {}).ok());
      registry_.ReportConnect(lease->origin_id, ConnectOutcome::kRefused);
      EXPECT_NE(registry_.snapshot()->Find(lease->origin_id), nullptr);
      registry_.Tick();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Ids().size(), static_cast<size_t>(kOrigins));
  EXPECT_EQ(store_.Records().size(), static_cast<size_t>(kOrigins));
}

TEST_F(OriginRegistryTest, EvictsWhatIsNoLongerAllowed) {
  Register(Srs("a", "10.0.0.1", "1"));
  const auto lease = Register(Srs("b", "10.0.0.2", "1"));
  ASSERT_TRUE(registry_.RegisterPermanent(Srs("c", "10.0.0.3", "1")).ok());
  std::vector<std::string> left;
  const auto subscription = registry_.Subscribe([&left](const OriginEvent& event) {
    if (event.kind == OriginEvent::Kind::kLeft) left.push_back(event.reason);
  });
  registry_.Evict([](const OriginRegistration& registration) {
    return registration.ip == "10.0.0.1" ? absl::OkStatus() : absl::PermissionDeniedError("no");
  });
  EXPECT_THAT(Ids(), ElementsAre("a-svc-1", "c-svc-1")) << "a permanent one is the settings'";
  EXPECT_THAT(left, ElementsAre("refused: no"));
  EXPECT_TRUE(absl::IsNotFound(registry_.Heartbeat(lease.lease_id, {}).status()));
}

}  // namespace
}  // namespace srsproxy
