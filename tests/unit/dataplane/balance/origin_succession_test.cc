#include "dataplane/balance/origin_succession.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

TEST_F(OriginRegistryTest, TwoServersWhoseIdsReadTheSameAreDistinguished) {
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
  EXPECT_EQ(small.snapshot()->ResolveConnected("a-svc-1"), nullptr);
  EXPECT_EQ(small.snapshot()->ResolveConnected("a-svc-2")->id, "a-svc-4");
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

}  // namespace
}  // namespace srsproxy
