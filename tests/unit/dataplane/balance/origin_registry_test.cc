#include "dataplane/balance/origin_registry.h"

#include <latch>
#include <thread>
#include <utility>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/balance/candidates.h"
#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/decide.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_fleet.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

OriginRegistration Srs(const std::string& server, const std::string& ip, const std::string& pid,
                       uint16_t port = 1935) {
  OriginRegistration registration;
  registration.ip = ip;
  registration.server = server;
  registration.service = "svc";
  registration.pid = pid;
  registration.rtmp = {{Transport::kTcp, "", port}};
  return registration;
}

class OriginRegistryTest : public testing::Test {
 protected:
  OriginLease Register(OriginRegistration registration, std::string_view source = "10.0.0.1") {
    return registry_.Register(std::move(registration), source).value();
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const auto& origin : registry_.snapshot()->origins) ids.push_back(origin->id);
    return ids;
  }
  // Those that hold a lease.
  std::vector<std::string> Living() const {
    std::vector<std::string> ids;
    for (const auto& origin : registry_.snapshot()->origins) {
      if (HoldsLease(*origin)) ids.push_back(origin->id);
    }
    return ids;
  }
  std::shared_ptr<const Origin> Find(std::string_view id) {
    return registry_.CurrentSnapshot()->Find(id);
  }
  static OriginHeartbeat WithStreams(int64_t streams, uint64_t sequence = 0) {
    OriginHeartbeat heartbeat;
    heartbeat.load.streams = streams;
    heartbeat.sequence = sequence;
    return heartbeat;
  }
  absl::Status SetAdminState(std::string_view server, std::optional<AdminState> state) {
    return UpdateOverrides(registry_, server,
                           [&](OriginOverrides& wishes) { wishes.admin_state = state; })
        .status();
  }
  absl::Status SetWeight(std::string_view server, std::optional<double> weight) {
    return UpdateOverrides(registry_, server,
                           [&](OriginOverrides& wishes) { wishes.weight = weight; })
        .status();
  }
  // Time passes second by second, as the proxy lives it.
  void Pass(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      registry_.Tick();
    }
  }
  // The same, while `leases` keep their 10 s heartbeats.
  void PassAlive(absl::Duration duration, const std::vector<std::string>& leases) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(10)) {
      Pass(absl::Seconds(10));
      for (const std::string& lease : leases) {
        EXPECT_TRUE(registry_.Heartbeat(lease, {}).ok());
      }
    }
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_};
};

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

TEST_F(OriginRegistryTest, RenewalTakesOverWhatChanged) {
  Register(Srs("a", "10.0.0.1", "1"));
  OriginRegistration changed = Srs("a", "10.0.0.1", "1");
  changed.srt = {{Transport::kUdp, "", 10080}};
  changed.weight = 3;
  Register(changed);
  EXPECT_EQ(Find("a-svc-1")->registration, changed);
  EXPECT_EQ(Find("a-svc-1")->weight, 3);
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

TEST_F(OriginRegistryTest, AskedIntervalLeavesThreeHeartbeatsInATtl) {
  OriginRegistry brief(clock_, store_, {.ttl = absl::Seconds(15)});
  EXPECT_EQ(brief.Register(Srs("a", "10.0.0.1", "1"), "x")->heartbeat_interval, absl::Seconds(5));
  OriginRegistration told = Srs("b", "10.0.0.2", "1");
  told.heartbeat_interval = absl::Seconds(2);
  EXPECT_EQ(brief.Register(told, "x")->heartbeat_interval, absl::Seconds(2));
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

TEST_F(OriginRegistryTest, HeartbeatsShowInTheSnapshotBeforeLong) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  const auto shown = [&] { return registry_.snapshot()->Find("a-svc-1")->load.streams; };
  const auto beat = [&](int64_t streams) {
    ASSERT_TRUE(registry_.Heartbeat(lease.lease_id, WithStreams(streams)).ok());
  };
  beat(1);
  EXPECT_EQ(shown(), std::nullopt) << "the snapshot is young";
  EXPECT_EQ(registry_.CurrentSnapshot()->Find("a-svc-1")->load.streams, 1);
  beat(2);
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(shown(), 1);
  registry_.Tick();
  EXPECT_EQ(shown(), 2);
  clock_.Advance(absl::Milliseconds(100));
  beat(3);
  EXPECT_EQ(shown(), 3) << "the snapshot was old";
  beat(4);
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  EXPECT_EQ(shown(), 4) << "it came along with a change";
}

// Superseding.

TEST_F(OriginRegistryTest, RestartAtTheSameAddressSupersedes) {
  const OriginLease old = Register(Srs("a", "10.0.0.1", "1"));
  const OriginLease restarted = Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_THAT(restarted.superseded, ElementsAre("a-svc-1"));
  EXPECT_EQ(restarted.generation, 2u);
  EXPECT_THAT(Ids(), ElementsAre("a-svc-2"));
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->id, "a-svc-2");
  EXPECT_EQ(registry_.Heartbeat(old.lease_id, {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OriginRegistryTest, AnotherServerAtTheSameAddressSupersedes) {
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_THAT(Register(Srs("b", "10.0.0.1", "1")).superseded, ElementsAre("a-svc-1"));
  EXPECT_THAT(Register(Srs("c", "10.0.0.1", "1", 1936)).superseded, IsEmpty()) << "another port";
}

TEST_F(OriginRegistryTest, TwoServersWhoseIdsReadTheSameAreToldApart) {
  OriginRegistration first = Srs("a", "10.0.0.1", "1");
  first.service = "b-c";
  OriginRegistration second = Srs("a-b", "10.0.0.2", "1");
  second.service = "c";
  ASSERT_EQ(first.Id(), second.Id());
  Register(first);
  Pass(absl::Seconds(60));
  Register(second);
  ASSERT_TRUE(SetWeight("a", 2).ok());
  EXPECT_EQ(Find(second.Id())->weight, 1);
  ASSERT_TRUE(SetWeight("a-b", 3).ok());
  EXPECT_EQ(Find(second.Id())->weight, 3);
}

TEST_F(OriginRegistryTest, OneAddressInTwoSpellingsIsOne) {
  OriginRegistration written_out = Srs("a", "2001:DB8:0::1", "1");
  Register(written_out);
  OriginRegistration with_host = Srs("b", "10.9.9.9", "1");
  with_host.rtmp = {{Transport::kTcp, "2001:db8::1", 1935}};
  EXPECT_THAT(Register(with_host).superseded, ElementsAre("a-svc-1"));
}

TEST_F(OriginRegistryTest, StreamsFollowThroughManyRestarts) {
  for (int pid = 1; pid <= 10; ++pid) Register(Srs("a", "10.0.0.1", std::to_string(pid)));
  const auto snapshot = registry_.snapshot();
  for (int pid = 1; pid <= 10; ++pid) {
    EXPECT_EQ(snapshot->Resolve(absl::StrCat("a-svc-", pid))->id, "a-svc-10");
  }
  EXPECT_EQ(snapshot->Find("a-svc-10")->generation, 10u);
}

TEST_F(OriginRegistryTest, FormerIdsAreForgottenOldestFirst) {
  OriginRegistry small(clock_, store_, {.max_superseded = 2});
  for (int pid = 1; pid <= 4; ++pid) {
    ASSERT_TRUE(small.Register(Srs("a", "10.0.0.1", std::to_string(pid)), "x").ok());
  }
  EXPECT_EQ(small.snapshot()->Resolve("a-svc-1"), nullptr);
  EXPECT_EQ(small.snapshot()->Resolve("a-svc-2")->id, "a-svc-4");
}

TEST_F(OriginRegistryTest, FormerIdsGoWithTheirSuccessor) {
  Register(Srs("a", "10.0.0.1", "1"));
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_EQ(registry_.DeregisterLease(lease.lease_id)->origin_id, "a-svc-2");
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1"), nullptr);
}

TEST_F(OriginRegistryTest, SupersededIdMayComeBack) {
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("b", "10.0.0.1", "1"));
  Register(Srs("a", "10.0.0.2", "1"));
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->registration.ip, "10.0.0.2");
  EXPECT_EQ(registry_.snapshot()->Resolve("b-svc-1")->id, "b-svc-1");
}

TEST_F(OriginRegistryTest, SameIdAtAnotherAddressIsANewGeneration) {
  Register(Srs("a", "10.0.0.1", "1"));
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  clock_.Advance(absl::Seconds(60));
  const OriginLease moved = Register(Srs("a", "10.0.0.2", "1"));
  EXPECT_FALSE(moved.renewed);
  EXPECT_EQ(moved.generation, 2u);
  EXPECT_EQ(Find("a-svc-1")->registration.ip, "10.0.0.2");
  EXPECT_FALSE(Find("a-svc-1")->down) << "what failed was the former address";
  EXPECT_EQ(registry_.stats().conflicts, 0u);
}

TEST_F(OriginRegistryTest, WhoMayNotReplaceAServerTakesNeitherItsAddressNorItsId) {
  const auto own_alone = [](std::string_view server) { return server.starts_with("edge-1"); };
  Register(Srs("edge-2", "10.0.0.2", "1"));
  auto thief = Srs("edge-1", "10.0.0.2", "7");
  EXPECT_TRUE(absl::IsPermissionDenied(registry_.Register(thief, "10.0.0.9", own_alone).status()));
  EXPECT_THAT(Ids(), ElementsAre("edge-2-svc-1"));

  auto alias = Srs("edge", "10.0.0.9", "1");
  alias.service = "2-svc";
  const auto nobody = [](std::string_view) { return false; };
  EXPECT_TRUE(absl::IsPermissionDenied(registry_.Register(alias, "10.0.0.9", nobody).status()));
  EXPECT_TRUE(absl::IsAlreadyExists(registry_.Register(alias, "10.0.0.9").status()));
  EXPECT_EQ(Find("edge-2-svc-1")->registration.ip, "10.0.0.2");
  Pass(absl::Seconds(60));
  EXPECT_TRUE(registry_.Register(alias, "10.0.0.9").ok()) << "the other has been silent for long";
}

TEST_F(OriginRegistryTest, MovedServerSupersedesItsSilentAddress) {
  Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(20));
  const OriginLease moved = Register(Srs("a", "10.0.0.2", "2"));
  EXPECT_THAT(moved.superseded, ElementsAre("a-svc-1"));
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->id, "a-svc-2");
}

// Whoever is connected to the former one may be so for long.
TEST_F(OriginRegistryTest, WhoSupersedesElsewhereHasNotTheConnections) {
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_EQ(registry_.snapshot()->ResolveConnected("a-svc-1")->id, "a-svc-2");
  Pass(absl::Seconds(20));
  Register(Srs("a", "10.0.0.2", "3"));
  Register(Srs("a", "10.0.0.2", "4"));
  const auto now = registry_.snapshot();
  for (const char* former : {"a-svc-1", "a-svc-2"}) {
    EXPECT_EQ(now->Resolve(former)->id, "a-svc-4");
    EXPECT_EQ(now->ResolveConnected(former), nullptr) << former;
  }
  EXPECT_EQ(now->ResolveConnected("a-svc-3")->id, "a-svc-4");
}

TEST_F(OriginRegistryTest, MovedServerSupersedesOnceItsOldAddressIsSilent) {
  Register(Srs("a", "10.0.0.1", "1"));
  Pass(absl::Seconds(15));
  const OriginLease moved = Register(Srs("a", "10.0.0.2", "2"));
  EXPECT_THAT(moved.superseded, IsEmpty()) << "it may still be alive";
  EXPECT_THAT(Ids(), ElementsAre("a-svc-1", "a-svc-2"));
  Pass(absl::Seconds(5));
  EXPECT_THAT(Ids(), ElementsAre("a-svc-2"));
  EXPECT_EQ(Find("a-svc-2")->generation, 2u);
  EXPECT_EQ(registry_.snapshot()->Resolve("a-svc-1")->id, "a-svc-2");
  EXPECT_TRUE(registry_.Heartbeat(moved.lease_id, {}).ok());
}

TEST_F(OriginRegistryTest, TwoLiveAddressesOfAServerAreKeptAndReported) {
  std::vector<std::string> conflicts;
  const auto subscription = registry_.Subscribe([&](const OriginEvent& event) {
    if (event.kind == OriginEvent::Kind::kConflict) conflicts.push_back(event.reason);
  });
  const OriginLease a = Register(Srs("copied", "10.0.0.1", "1"));
  const OriginLease b = Register(Srs("copied", "10.0.0.2", "1-b"));
  PassAlive(absl::Seconds(60), {a.lease_id, b.lease_id});
  EXPECT_THAT(Ids(), ElementsAre("copied-svc-1", "copied-svc-1-b"));
  EXPECT_THAT(conflicts,
              ElementsAre("server 'copied' is live at 10.0.0.2:1935 and at 10.0.0.1:1935: give "
                          "each SRS a server id file of its own"));
  EXPECT_EQ(registry_.stats().conflicts, 1u);
  const auto listed = registry_.Conflicts();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].server, "copied");
  EXPECT_THAT(listed[0].origin_ids, ElementsAre("copied-svc-1", "copied-svc-1-b"));
}

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

TEST_F(OriginRegistryTest, ToldIntervalMovesSuspicion) {
  OriginRegistration told = Srs("a", "10.0.0.1", "1");
  told.heartbeat_interval = absl::Seconds(30);
  Register(told);
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

// DOWN.

TEST_F(OriginRegistryTest, DownIsProbedUntilAConnectionSucceeds) {
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty());
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  registry_.ReportConnect("unknown", ConnectOutcome::kRefused);
  EXPECT_TRUE(Find("a-svc-1")->down);
  EXPECT_FALSE(Find("b-svc-1")->down);
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty()) << "it has just been tried";

  clock_.Advance(absl::Seconds(3));
  const auto due = registry_.TakeDueProbes();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0]->id, "a-svc-1");
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty()) << "once for each interval";
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kTimedOut);
  EXPECT_TRUE(Find("a-svc-1")->down);
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(registry_.TakeDueProbes().size(), 1u);
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kOk);
  EXPECT_FALSE(Find("a-svc-1")->down);
  clock_.Advance(absl::Seconds(3));
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty());
}

TEST_F(OriginRegistryTest, HeartbeatsDoNotEndDown) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  for (int i = 0; i < 3; ++i) registry_.ReportConnect("a-svc-1", ConnectOutcome::kTimedOut);
  EXPECT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(Find("a-svc-1")->down);
}

// Operators.

TEST_F(OriginRegistryTest, AdminStateBelongsToTheServer) {
  EXPECT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  const OriginLease first = Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(Find("a-svc-1")->admin_state, AdminState::kCordoned);
  Register(Srs("a", "10.0.0.1", "2"));
  EXPECT_EQ(Find("a-svc-2")->admin_state, AdminState::kCordoned) << "a restart";
  Pass(absl::Seconds(300));
  ASSERT_EQ(Find("a-svc-2")->health, OriginHealth::kDead);
  Register(Srs("a", "10.0.0.3", "3"));
  EXPECT_EQ(Find("a-svc-3")->admin_state, AdminState::kCordoned) << "death";
  EXPECT_TRUE(SetAdminState("a", std::nullopt).ok());
  EXPECT_EQ(Find("a-svc-3")->admin_state, AdminState::kActive);
}

TEST_F(OriginRegistryTest, OperatorsWeightWinsUntilCleared) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.weight = 2;
  Register(registration);
  EXPECT_TRUE(SetWeight("a", 5).ok());
  EXPECT_EQ(Find("a-svc-1")->weight, 5);
  registration.weight = 3;
  Register(registration);
  EXPECT_EQ(Find("a-svc-1")->weight, 5);
  EXPECT_TRUE(SetWeight("a", std::nullopt).ok());
  EXPECT_EQ(Find("a-svc-1")->weight, 3);
  EXPECT_EQ(SetWeight("a", 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SetWeight("", 1).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OriginRegistryTest, OnlyTheDriverBeginsADrain) {
  FakeFleet fleet;
  MemoryOriginStore store;
  OriginRegistry registry(clock_, store, {}, &fleet);
  ASSERT_TRUE(registry.Register(Srs("vid-1", "10.0.0.1", "1"), "10.0.0.1").ok());
  const auto decide = [&](const OriginDecision& decision) {
    absl::Status answer = absl::UnknownError("not answered");
    registry.Decide("vid-1", decision, [&](const absl::StatusOr<OriginOverrides>& overrides) {
      answer = overrides.status();
    });
    EXPECT_EQ(registry.CheckDecision("vid-1", decision).status().code(), answer.code());
    return answer;
  };
  OriginDecision drain;
  drain.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  fleet.driving = false;
  const auto refused = decide(drain);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(refused.GetPayload(kDriverPayload).has_value());
  OriginDecision later;
  later.drain_deadline = FieldChange<absl::Time>::Set(clock_.WallNow() + absl::Minutes(1));
  EXPECT_TRUE(absl::IsFailedPrecondition(decide(later)));
  OriginDecision cordon;
  cordon.admin_state = FieldChange<AdminState>::Set(AdminState::kCordoned);
  EXPECT_TRUE(decide(cordon).ok());

  // What the driver decides reaches every proxy through the store.
  drain.made_at = clock_.WallNow();
  store.Decide("vid-1", drain, [](const absl::StatusOr<OriginOverrides>&) {});
  EXPECT_EQ(registry.snapshot()->origins.front()->admin_state, AdminState::kDraining);
}

TEST_F(OriginRegistryTest, EverythingThatAnOperatorDecidesWinsUntilCleared) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.zone = "east";
  registration.labels = {{"gpu", "no"}, {"rack", "7"}};
  registration.capacity = 100;
  Register(registration);
  const std::map<std::string, std::string> labels = {{"gpu", "yes"}};
  const auto update = [&](auto zone, auto wanted_labels, auto capacity) {
    ASSERT_TRUE(UpdateOverrides(registry_, "a", [&](OriginOverrides& wishes) {
                  wishes.zone = zone;
                  wishes.labels = wanted_labels;
                  wishes.capacity = capacity;
                }).ok());
  };
  update("west", labels, 5);
  EXPECT_EQ(Find("a-svc-1")->zone, "west");
  EXPECT_EQ(Find("a-svc-1")->labels, labels) << "in place of all of them";
  EXPECT_EQ(Find("a-svc-1")->capacity, 5);
  EXPECT_EQ(Find("a-svc-1")->overrides, registry_.OverridesOf("a"));
  EXPECT_THAT(registry_.OverriddenServers(), ElementsAre("a"));
  update(std::nullopt, std::nullopt, std::nullopt);
  EXPECT_EQ(Find("a-svc-1")->zone, "east");
  EXPECT_EQ(Find("a-svc-1")->labels, registration.labels);
  EXPECT_EQ(Find("a-svc-1")->capacity, 100);
  EXPECT_THAT(registry_.OverriddenServers(), IsEmpty());
}

TEST_F(OriginRegistryTest, AnUpdateIsAllOrNothing) {
  Register(Srs("a", "10.0.0.1", "1"));
  const auto half_wrong = [](OriginOverrides& wishes) {
    wishes.zone = "west";
    wishes.weight = 2'000'000;
  };
  const auto refused = UpdateOverrides(registry_, "a", half_wrong);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(refused.status()), "weight: must not be above 1000000");
  EXPECT_EQ(registry_.OverridesOf("a"), OriginOverrides{});
  EXPECT_EQ(Find("a-svc-1")->zone, "");
}

TEST_F(OriginRegistryTest, ACheckChangesNothing) {
  Register(Srs("a", "10.0.0.1", "1"));
  OriginDecision decision;
  decision.zone = FieldChange<std::string>::Set("west");
  const auto checked = registry_.CheckDecision("a", decision);
  EXPECT_EQ(checked->zone, "west");
  EXPECT_EQ(registry_.OverridesOf("a"), OriginOverrides{});
}

TEST_F(OriginRegistryTest, DrainingHasATimeAndEndsWithIt) {
  Register(Srs("a", "10.0.0.1", "1"));
  ASSERT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  const OriginDrain begun{.started_at = clock_.WallNow()};
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, begun);
  clock_.Advance(absl::Seconds(5));
  ASSERT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, begun) << "it goes on";
  const absl::Time deadline = clock_.WallNow() + absl::Seconds(60);
  ASSERT_TRUE(UpdateOverrides(registry_, "a", [&](OriginOverrides& wishes) {
                wishes.drain->deadline = deadline;
              }).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain->deadline, deadline);
  ASSERT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  EXPECT_EQ(Find("a-svc-1")->overrides.drain, std::nullopt);
}

// Between the look at who uses it and the registration that would take its place.
TEST_F(OriginRegistryTest, AnOriginThatAPublisherHasJustComeToIsNotSuperseded) {
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("x", "10.0.0.9", "1"));
  Pass(absl::Seconds(25));  // Two intervals: another address of the server may take its place.
  std::unique_ptr<OriginTraffic::Use> publisher;
  const auto may_replace = [&](std::string_view server) {
    EXPECT_EQ(server, "x");
    publisher = registry_.traffic().Begin("a-svc-1", Role::kPublisher);
    return true;
  };
  const auto lease = registry_.Register(Srs("a", "10.0.0.9", "2"), "x", may_replace);
  ASSERT_TRUE(lease.ok()) << lease.status();
  ASSERT_NE(publisher, nullptr);
  EXPECT_THAT(lease->superseded, ElementsAre("x-svc-1"));
  EXPECT_THAT(Ids(), ElementsAre("a-svc-1", "a-svc-2"));
  publisher.reset();
  Pass(absl::Seconds(1));
  EXPECT_THAT(Ids(), ElementsAre("a-svc-2"));
}

// A store that cannot keep anything.
class FailingStore final : public OriginStore {
 public:
  void PutRecord(const OriginRecord&) override {}
  void RemoveRecord(std::string_view) override {}
  std::vector<OriginRecord> Records() const override { return {}; }
  OriginOverrides Overrides(std::string_view) const override { return {}; }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override { return {}; }
  void Decide(std::string, OriginDecision, DecideCallback done) override {
    done(absl::UnavailableError("the disk is full"));
  }
  void Observe(DecisionObserver) override {}
  void Stop() override {}
};

TEST_F(OriginRegistryTest, WhatCannotBeKeptIsNotDone) {
  FailingStore store;
  OriginRegistry registry(clock_, store);
  ASSERT_TRUE(registry.Register(Srs("a", "10.0.0.1", "1"), "x").ok());
  const auto refused = UpdateOverrides(
      registry, "a", [](OriginOverrides& wishes) { wishes.admin_state = AdminState::kCordoned; });
  EXPECT_EQ(refused.status(), absl::UnavailableError("the disk is full"));
  EXPECT_EQ(registry.CurrentSnapshot()->Find("a-svc-1")->admin_state, AdminState::kActive);
}

// A store that others share: silence here removes nothing.
class SharedStore final : public OriginStore {
 public:
  void PutRecord(const OriginRecord& record) override { store_.PutRecord(record); }
  void RemoveRecord(std::string_view id) override { store_.RemoveRecord(id); }
  void RecordUnheard(std::string_view) override {}
  std::vector<OriginRecord> Records() const override { return store_.Records(); }
  OriginOverrides Overrides(std::string_view server) const override {
    return store_.Overrides(server);
  }
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override {
    return store_.AllOverrides();
  }
  void Decide(std::string server, OriginDecision decision, DecideCallback done) override {
    store_.Decide(std::move(server), std::move(decision), std::move(done));
  }
  void Observe(DecisionObserver observer) override { store_.Observe(std::move(observer)); }
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

TEST_F(RestartTest, WhoIsHeardAgainStartsAnew) {
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

TEST_F(OriginRegistryTest, ADepartureTellsWhetherTheOriginWasLive) {
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

TEST_F(RememberedOriginTest, IsHealthyOnceItIsHeard) {
  ASSERT_TRUE(restarted_->Heartbeat(lease_, {}).ok());
  EXPECT_EQ(FindAgain("a-svc-1")->health, OriginHealth::kHealthy);
  EXPECT_FALSE(FindAgain("a-svc-1")->expected);
  ASSERT_TRUE(restarted_->Register(Srs("b", "10.0.0.2", "1"), "10.0.0.2").ok());
  EXPECT_EQ(FindAgain("b-svc-1")->health, OriginHealth::kHealthy);
}

TEST_F(RememberedOriginTest, IsNoWorseThanOneThatIsHeardFirstForOneRound) {
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

// Sources that take each other's place.

class ContestTest : public OriginRegistryTest {
 protected:
  ContestTest() {
    events_ = registry_.Subscribe([this](const OriginEvent& event) {
      if (event.kind != OriginEvent::Kind::kConflict) return;
      ++told_;
      if (!event.repeated) notices_.push_back(event.reason);
    });
  }
  OriginLease SrsBeats() { return Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1"); }
  OriginLease AgentRegisters() { return Register(Srs("agent", "10.0.0.1", "9"), "10.0.0.5"); }

  OriginRegistry::Subscription events_;
  int told_ = 0;
  std::vector<std::string> notices_;
};

TEST_F(ContestTest, AnAgentBesideSrsIsOneFromTheSecondTakeoverOn) {
  SrsBeats();
  Pass(absl::Seconds(3));
  AgentRegisters();
  EXPECT_THAT(registry_.Conflicts(), IsEmpty()) << "it may have come for good";
  Pass(absl::Seconds(7));
  SrsBeats();
  const auto conflicts = registry_.Conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].server, "srs");
  EXPECT_THAT(conflicts[0].origin_ids, ElementsAre("agent-svc-9", "srs-svc-1"));
  EXPECT_EQ(conflicts[0].takeovers, 2u);
  EXPECT_EQ(conflicts[0].message,
            "RTMP address 10.0.0.1:1935 is registered in turn as agent-svc-9 from 10.0.0.5 and as "
            "srs-svc-1 from 10.0.0.1: let only one of them register it; an agent beside SRS's own "
            "heartbeat has to register SRS's server, service and pid, from the same address");
  EXPECT_THAT(notices_, ElementsAre(conflicts[0].message));
  EXPECT_EQ(registry_.stats().conflicts, 1u);
}

TEST_F(ContestTest, ItIsToldOnceAMinuteAndCountedEachTime) {
  for (int i = 0; i < 13; ++i) {  // Two minutes.
    SrsBeats();
    Pass(absl::Seconds(5));
    AgentRegisters();
    Pass(absl::Seconds(5));
  }
  EXPECT_EQ(told_, 24);
  EXPECT_EQ(registry_.stats().conflicts, 24u);
  EXPECT_EQ(notices_.size(), 2u);
  EXPECT_EQ(registry_.Conflicts().at(0).takeovers, 25u);
}

TEST_F(ContestTest, ItIsOverWhenNobodyTakesThePlaceForAWhile) {
  SrsBeats();
  AgentRegisters();
  SrsBeats();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(registry_.Conflicts().size(), 1u);
    Pass(absl::Seconds(10));
    SrsBeats();
  }
  Pass(absl::Seconds(10));
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
}

TEST_F(ContestTest, AnSrsThatStartsAnewIsNone) {
  for (int pid = 1; pid < 20; ++pid) {
    Register(Srs("srs", "10.0.0.1", std::to_string(pid)));
    Pass(absl::Seconds(1));
  }
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
  EXPECT_EQ(told_, 0);
}

TEST_F(ContestTest, OneIdAtTwoAddressesIsOne) {
  for (int i = 0; i < 2; ++i) {
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1");
    Register(Srs("srs", "10.0.0.2", "1"), "10.0.0.2");
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_THAT(registry_.Conflicts()[0].origin_ids, ElementsAre("srs-svc-1"));
  EXPECT_EQ(registry_.Conflicts()[0].message,
            "origin srs-svc-1 is registered in turn at 10.0.0.1:1935 from 10.0.0.1 and at "
            "10.0.0.2:1935 from 10.0.0.2: give each SRS a server id file of its own");
}

TEST_F(ContestTest, OneIdFromTwoSourcesIsOne) {
  for (int i = 0; i < 2; ++i) {
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1");
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.5");
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_EQ(registry_.Conflicts()[0].message,
            "origin srs-svc-1 is registered in turn at 10.0.0.1:1935 from 10.0.0.1 and at "
            "10.0.0.1:1935 from 10.0.0.5: let only one of them register it, or all from one "
            "address");
}

TEST_F(ContestTest, ThreeInARingAreOne) {
  for (int i = 0; i < 2; ++i) {
    for (const char* server : {"x", "y", "z"}) Register(Srs(server, "10.0.0.1", "1"));
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_THAT(registry_.Conflicts()[0].origin_ids, ElementsAre("x-svc-1", "y-svc-1", "z-svc-1"));
}

TEST_F(ContestTest, TheDefaultBackendTakesPartInNone) {
  ASSERT_TRUE(registry_.RegisterPermanent(Srs("default", "10.0.0.1", "1")).ok());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(registry_.DeregisterLease(SrsBeats().lease_id).ok());
  }
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
}

TEST_F(OriginRegistryTest, ShapeChangesWithWhatMattersToPlacement) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  uint64_t shape = registry_.snapshot()->shape_version;
  const auto changed = [&] {
    return std::exchange(shape, registry_.snapshot()->shape_version) != shape;
  };
  ASSERT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  Register(Srs("a", "10.0.0.1", "1"));
  registry_.Tick();
  EXPECT_FALSE(changed());
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  EXPECT_TRUE(changed());
  ASSERT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  EXPECT_TRUE(changed());
  ASSERT_TRUE(SetWeight("a", 2).ok());
  EXPECT_TRUE(changed());
  OriginRegistration with_srt = Srs("a", "10.0.0.1", "1");
  with_srt.srt = {{Transport::kUdp, "", 10080}};
  Register(with_srt);
  EXPECT_TRUE(changed());
  Pass(absl::Seconds(30));
  EXPECT_TRUE(changed());
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_TRUE(changed());
}

// Subscribers.

TEST_F(OriginRegistryTest, TellsChangesInOrderAfterTheSnapshotShowsThem) {
  std::vector<std::string> told;
  auto subscription = registry_.Subscribe([&](const OriginEvent& event) {
    const bool present = registry_.snapshot()->Find(event.origin->id) != nullptr;
    const char* kind = event.kind == OriginEvent::Kind::kJoined    ? "joined"
                       : event.kind == OriginEvent::Kind::kChanged ? "changed"
                       : event.kind == OriginEvent::Kind::kLeft    ? "left"
                                                                   : "conflict";
    told.push_back(absl::StrCat(kind, " ", event.origin->id, ": ", event.reason));
    EXPECT_EQ(present, event.kind != OriginEvent::Kind::kLeft) << told.back();
  });
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("a", "10.0.0.1", "1"));  // Nothing changes.
  Register(Srs("a", "10.0.0.1", "2"));
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kRefused);
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kRefused);  // Nothing changes.
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kOk);
  EXPECT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  Pass(absl::Seconds(300));
  EXPECT_THAT(
      told,
      ElementsAre("joined a-svc-1: registered", "joined a-svc-2: registered",
                  "left a-svc-1: superseded by a-svc-2", "changed a-svc-2: refused a connection",
                  "changed a-svc-2: connected again", "changed a-svc-2: set by an operator",
                  "changed a-svc-2: no heartbeat for 30s", "changed a-svc-2: no heartbeat for 5m"));
  subscription = {};
  told.clear();
  Register(Srs("a", "10.0.0.1", "3"));
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(OriginRegistryTest, TellsWhenTheFirstOriginIsKnown) {
  int waited = 0;
  auto given_up = registry_.AwaitFirstOrigin([&] { waited += 100; });
  auto waiting = registry_.AwaitFirstOrigin([&] { ++waited; });
  EXPECT_EQ(waited, 0);
  given_up = {};
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(waited, 1);
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_EQ(waited, 1) << "only once";
  const auto late = registry_.AwaitFirstOrigin([&] { ++waited; });
  EXPECT_EQ(waited, 2) << "inline when one is known";
}

TEST_F(OriginRegistryTest, SubscriptionMayOutliveTheRegistry) {
  OriginRegistry::Subscription subscription;
  {
    MemoryOriginStore store;
    OriginRegistry registry(clock_, store);
    subscription = registry.Subscribe([](const OriginEvent&) {});
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

TEST_F(OriginRegistryTest, OneThatMayNotBeConnectedToIsDownAtOnce) {
  Register(Srs("a", "10.0.0.1", "1"));
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kForbidden);
  EXPECT_TRUE(Find("a-svc-1")->down);
}

}  // namespace
}  // namespace srsproxy
