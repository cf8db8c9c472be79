#include "dataplane/balance/lease_expiry.h"

#include <utility>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Health.

TEST_F(OriginRegistryTest, SilenceMakesSuspectThenDead) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(29));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kHealthy);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kSuspect);
  Pass(absl::Seconds(269));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kSuspect);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kDead);
  EXPECT_EQ(registry_.stats().lease_expirations, 1u);
  Pass(absl::Seconds(60));
  EXPECT_EQ(registry_.stats().lease_expirations, 1u);
  EXPECT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kHealthy) << "back as it was";
}

TEST_F(OriginRegistryTest, HeartbeatEndsSuspicion) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(100));
  ASSERT_EQ(Find("a-svc-1")->health, OriginHealth::kSuspect);
  EXPECT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kHealthy);
}

TEST_F(OriginRegistryTest, RegisteringAgainEndsSuspicion) {
  Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(100));
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kHealthy);
}

TEST_F(OriginRegistryTest, RegisteredIntervalMovesSuspicion) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.heartbeat_interval = absl::Seconds(30);
  Register(registration);
  Pass(absl::Seconds(89));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kHealthy);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Find("a-svc-1")->health, OriginHealth::kSuspect);
}

TEST_F(OriginRegistryTest, SelfPreservationKeepsTheSilentForOneMoreTtl) {
  for (int i = 1; i <= 4; ++i) {
    Register(Srs(absl::StrCat("o", i), absl::StrCat("10.0.0.", i), "1"));
    clock_.Advance(absl::Seconds(2));  // Their leases end seconds apart: still one window.
  }
  Pass(absl::Seconds(310));
  EXPECT_EQ(Ids().size(), 4u);
  EXPECT_TRUE(registry_.stats().self_preservation);
  EXPECT_EQ(Find("o1-svc-1")->health, OriginHealth::kSuspect);

  registry_.ReportConnect("o2-svc-1", ConnectOutcome::kRefused);
  EXPECT_TRUE(Find("o2-svc-1")->down) << "a refused connection still counts";

  Register(Srs("o3", "10.0.0.3", "1"));
  Pass(absl::Seconds(290));
  EXPECT_THAT(Living(), ElementsAre("o3-svc-1")) << "the others stayed silent for another TTL";
  EXPECT_FALSE(registry_.stats().self_preservation);
}

TEST_F(OriginRegistryTest, HalfOfTheFleetMayDie) {
  std::vector<std::string> alive;
  for (int i = 1; i <= 4; ++i) {
    const OriginLease lease = Register(Srs(absl::StrCat("o", i), absl::StrCat("10.0.0.", i), "1"));
    if (i > 2) alive.push_back(lease.lease_id);
  }
  PassAlive(absl::Seconds(300), alive);
  EXPECT_THAT(Living(), ElementsAre("o3-svc-1", "o4-svc-1"));
}

// A store that others share: silence here removes nothing.
class SharedStore final : public OriginStore {
 public:
  void PutRecord(const OriginRecord& record) override { store_.PutRecord(record); }
  void RemoveRecord(std::string_view id, const OriginEnd& end) override {
    store_.RemoveRecord(id, end);
  }
  void RecordExpired(std::string_view) override {}
  std::vector<OriginRecord> Records() const override { return store_.Records(); }
  OriginOverrides Overrides(std::string_view server) const override {
    return store_.Overrides(server);
  }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override {
    return store_.AllOverrides();
  }
  void ChangeOverrides(std::string server, OverridesChange change,
                       ChangeOverridesCallback done) override {
    store_.ChangeOverrides(std::move(server), std::move(change), std::move(done));
  }
  Subscription Subscribe(OverridesCallback callback) override {
    return store_.Subscribe(std::move(callback));
  }
  void Stop() override { store_.Stop(); }

 private:
  MemoryOriginStore store_;
};

TEST_F(OriginRegistryTest, SilenceHidesAndOnlyTheStoreRemoves) {
  SharedStore shared;
  MemoryOriginStore alone;
  for (OriginStore* store :
       {static_cast<OriginStore*>(&shared), static_cast<OriginStore*>(&alone)}) {
    OriginRegistry registry(clock_, *store);
    ASSERT_TRUE(registry.Register(Srs("a", "10.0.0.1", "1"), "x").ok());
    const auto gone = registry.Register(Srs("b", "10.0.0.2", "1"), "x");
    ASSERT_TRUE(registry.DeregisterLease(gone->lease_id).ok());
    EXPECT_EQ(store->Records().size(), 1u) << "that was decided";
    clock_.Advance(absl::Hours(1));
    registry.Tick();
    clock_.Advance(absl::Hours(25));
    registry.Tick();
    EXPECT_THAT(registry.snapshot()->origins, IsEmpty());
    EXPECT_EQ(store->Records().size(), store == &shared ? 1u : 0u);
  }
}

// The last resort over restarts: a registry after the other over one store.

class RestartTest : public OriginRegistryTest {
 protected:
  RestartTest() { registry_of_.emplace(clock_, kept_); }

  // The clock of the new process is behind or ahead of that of the former one by `wall`.
  void Restart(absl::Duration pause, absl::Duration wall = absl::ZeroDuration()) {
    registry_of_.reset();
    clock_.Advance(pause);
    clock_.SetWall(clock_.WallNow() + wall);
    registry_of_.emplace(clock_, kept_);
  }
  void Live(absl::Duration duration) {
    clock_.Advance(duration);
    registry_of_->Tick();
  }
  std::shared_ptr<const Origin> A() const { return registry_of_->snapshot()->Find("a-svc-1"); }

  MemoryOriginStore kept_;
  std::optional<OriginRegistry> registry_of_;
};

TEST_F(RestartTest, TheDayOfTheLastResortIsCountedOnce) {
  ASSERT_TRUE(registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  Live(absl::Hours(1));
  ASSERT_EQ(A()->health, OriginHealth::kDead);
  for (int hour = 0; hour < 23; ++hour) {
    Restart(absl::Hours(1));
    ASSERT_NE(A(), nullptr) << hour;
    EXPECT_EQ(A()->health, OriginHealth::kDead);
    EXPECT_FALSE(A()->expected);
    Live(absl::Seconds(1));
    ASSERT_NE(A(), nullptr);
    EXPECT_EQ(A()->health, OriginHealth::kDead) << "silence is not SUSPECT for another TTL";
  }
  Restart(absl::Hours(1));
  EXPECT_EQ(A(), nullptr);
  EXPECT_THAT(kept_.Records(), IsEmpty());
}

TEST_F(RestartTest, ADayEndsWhileTheProxyRunsToo) {
  ASSERT_TRUE(registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  Live(absl::Hours(1));
  Restart(absl::Hours(20));
  Live(absl::Hours(3));
  EXPECT_NE(A(), nullptr);
  Live(absl::Hours(1));
  EXPECT_EQ(A(), nullptr);
}

TEST_F(RestartTest, WhoSendsAHeartbeatAgainStartsAnew) {
  const auto lease = registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x");
  Live(absl::Hours(1));
  Restart(absl::Hours(2));
  ASSERT_EQ(A()->health, OriginHealth::kDead);
  ASSERT_TRUE(registry_of_->Heartbeat(lease->lease_id, {}).ok());
  EXPECT_EQ(A()->health, OriginHealth::kHealthy);
  EXPECT_EQ(kept_.Records().at(0).silent_since, std::nullopt);
  Restart(absl::Seconds(1));
  EXPECT_EQ(A()->health, OriginHealth::kSuspect);
  EXPECT_TRUE(A()->expected);
}

TEST_F(RestartTest, WhoRegistersAgainStartsAnew) {
  ASSERT_TRUE(registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  Live(absl::Hours(1));
  Restart(absl::Hours(2));
  ASSERT_TRUE(registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  EXPECT_EQ(A()->health, OriginHealth::kHealthy);
  EXPECT_EQ(kept_.Records().at(0).silent_since, std::nullopt);
}

TEST_F(RestartTest, ATimeThatIsStillToComeIsNotTrusted) {
  ASSERT_TRUE(registry_of_->Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  Live(absl::Hours(1));
  Restart(absl::ZeroDuration(), -absl::Hours(1000));
  ASSERT_EQ(A()->health, OriginHealth::kDead) << "from now on, for a day";
  EXPECT_EQ(kept_.Records().at(0).silent_since, clock_.WallNow());
  Restart(absl::Hours(23));
  EXPECT_NE(A(), nullptr);
  Restart(absl::Hours(1));
  EXPECT_EQ(A(), nullptr) << "and not for a day from each start";
}

}  // namespace
}  // namespace srsproxy
