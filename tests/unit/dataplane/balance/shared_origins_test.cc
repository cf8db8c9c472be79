// What an origin is to proxies that it does not send its heartbeats to.
#include "dataplane/balance/shared_origins.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/shared_origin_stores.h"
#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

OriginRegistryOptions SharedOptions() {
  OriginRegistryOptions options;
  options.keep_dead = absl::ZeroDuration();
  return options;
}

class SharedOriginsTest : public testing::Test {
 protected:
  struct Proxy {
    Proxy(const Clock& clock, SharedOriginStores& shared)
        : store(shared.Join()), registry(clock, *store, SharedOptions()) {}

    std::shared_ptr<const Origin> Find(std::string_view id) {
      return registry.CurrentSnapshot()->Find(id);
    }
    OriginLease Register(OriginRegistration registration) {
      return registry.Register(std::move(registration), "10.0.0.1").value();
    }

    std::unique_ptr<SharedOriginStores::Store> store;
    OriginRegistry registry;
  };

  // Second by second, and all is delivered each second. `each` is done before.
  void Pass(
      int seconds, const std::function<void(int)>& each = [](int) {}) {
    for (int second = 1; second <= seconds; ++second) {
      clock_.Advance(absl::Seconds(1));
      each(second);
      shared_.Deliver();
      for (Proxy* proxy : {&a_, &b_}) proxy->registry.Tick();
      shared_.Deliver();
    }
  }

  FakeClock clock_;
  SharedOriginStores shared_;
  Proxy a_{clock_, shared_};
  Proxy b_{clock_, shared_};
};

TEST_F(SharedOriginsTest, ARegistrationIsUsableAtAnotherProxy) {
  OriginRegistration registration = Srs("a", "10.0.0.1", "1");
  registration.labels = {{"rack", "7"}};
  a_.Register(registration);
  shared_.Deliver();
  const auto origin = b_.Find("a-svc-1");
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->health, OriginHealth::kHealthy);
  EXPECT_EQ(origin->registration, registration);
  EXPECT_NE(b_.registry.BeginUse("a-svc-1", Role::kViewer).use, nullptr);
  EXPECT_EQ(shared_.writes(), 1);
}

TEST_F(SharedOriginsTest, HeartbeatsThatReachAnyProxyKeepItHealthyAtAll) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  Pass(1000, [&](int second) {
    if (second % 10 == 0) {
      ASSERT_TRUE(a_.registry.Heartbeat(lease.lease_id, {}).ok());
    }
    shared_.Deliver();
    ASSERT_EQ(b_.Find("a-svc-1")->health, OriginHealth::kHealthy) << second;
  });
}

TEST_F(SharedOriginsTest, ALeaseIsRenewedAndEndedAtAnyProxy) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  OriginHeartbeat heartbeat;
  heartbeat.load.streams = 7;
  ASSERT_TRUE(b_.registry.Heartbeat(lease.lease_id, heartbeat).ok());
  shared_.Deliver();
  EXPECT_EQ(a_.Find("a-svc-1")->load.streams, 7);
  ASSERT_TRUE(b_.registry.DeregisterLease(lease.lease_id).ok());
  shared_.Deliver();
  EXPECT_EQ(a_.Find("a-svc-1"), nullptr);
  EXPECT_FALSE(a_.registry.Heartbeat(lease.lease_id, {}).ok());
  EXPECT_THAT(shared_.records(), IsEmpty());
}

// SRS registers with each heartbeat, behind a balancer at another proxy each time.
TEST_F(SharedOriginsTest, RegisteringAtOneProxyAfterTheOtherIsWrittenAFewTimesOnly) {
  std::vector<std::unique_ptr<Proxy>> more;
  for (int i = 0; i < 8; ++i) more.push_back(std::make_unique<Proxy>(clock_, shared_));
  for (int round = 0; round < 5; ++round) {
    for (auto& proxy : more) {
      const OriginLease lease = proxy->Register(Srs("a", "10.0.0.1", "1"));
      EXPECT_TRUE(proxy->registry.Heartbeat(lease.lease_id, {}).ok());
      shared_.Deliver();
    }
  }
  EXPECT_EQ(shared_.writes(), static_cast<int>(OriginLeases::kMaxLeases));
}

TEST_F(SharedOriginsTest, WhoRegistersElsewhereEndsTheFormerLeases) {
  const OriginLease former = a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  ASSERT_TRUE(b_.registry.Register(Srs("a", "10.0.0.1", "1"), "10.9.9.9").ok());
  shared_.Deliver();
  EXPECT_FALSE(a_.registry.Heartbeat(former.lease_id, {}).ok());
}

TEST_F(SharedOriginsTest, ASuccessorIsOneEverywhere) {
  a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  const OriginLease successor = b_.Register(Srs("a", "10.0.0.1", "2"));
  shared_.Deliver();
  for (Proxy* proxy : {&a_, &b_}) {
    const auto snapshot = proxy->registry.CurrentSnapshot();
    EXPECT_EQ(snapshot->origins.size(), 1u);
    EXPECT_EQ(snapshot->Resolve("a-svc-1")->id, "a-svc-2");
    EXPECT_EQ(snapshot->Resolve("a-svc-1")->generation, 2u);
  }
  EXPECT_EQ(shared_.records().size(), 1u);
  EXPECT_EQ(shared_.writes(), 3) << "two registrations, and one that ended";
  EXPECT_TRUE(a_.registry.Heartbeat(successor.lease_id, {}).ok());
}

TEST_F(SharedOriginsTest, AnOriginThatMovedIsFollowedEverywhere) {
  a_.Register(Srs("a", "10.0.0.1", "1"));
  Pass(25);
  b_.Register(Srs("a", "10.0.0.2", "1x"));
  Pass(2);
  for (Proxy* proxy : {&a_, &b_}) {
    const auto snapshot = proxy->registry.CurrentSnapshot();
    EXPECT_EQ(snapshot->origins.size(), 1u);
    EXPECT_EQ(snapshot->Resolve("a-svc-1")->id, "a-svc-1x");
  }
  EXPECT_EQ(shared_.records().size(), 1u);
}

TEST_F(SharedOriginsTest, WhatIsLiveAnywhereKeepsADeregisteredOriginEverywhere) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  auto use = b_.registry.BeginUse("a-svc-1", Role::kPublisher).use;
  ASSERT_NE(use, nullptr);
  EXPECT_FALSE(a_.registry.DeregisterLease(lease.lease_id)->leaving)
      << "nothing is live on it here";
  shared_.Deliver();
  Pass(600, [&](int) {
    for (Proxy* proxy : {&a_, &b_}) {
      ASSERT_NE(proxy->Find("a-svc-1"), nullptr);
      ASSERT_EQ(proxy->Find("a-svc-1")->health, OriginHealth::kLeaving);
    }
  });
  EXPECT_TRUE(shared_.records().at("a-svc-1").leaving);
  use.reset();
  Pass(static_cast<int>(absl::ToInt64Seconds(SharedOrigins::kInUse)) + 1);
  for (Proxy* proxy : {&a_, &b_}) EXPECT_EQ(proxy->Find("a-svc-1"), nullptr);
}

TEST_F(SharedOriginsTest, WhatIsKickedStaysNowhere) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  const auto use = b_.registry.BeginUse("a-svc-1", Role::kPublisher).use;
  ASSERT_TRUE(a_.registry.DeregisterOrigin("a-svc-1", LiveSessions::kAreKicked).ok());
  shared_.Deliver();
  EXPECT_EQ(b_.Find("a-svc-1"), nullptr);
}

TEST_F(SharedOriginsTest, ALeavingOriginThatRegistersIsBack) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  const auto use = b_.registry.BeginUse("a-svc-1", Role::kPublisher).use;
  ASSERT_TRUE(a_.registry.DeregisterLease(lease.lease_id).ok());
  shared_.Deliver();
  a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  for (Proxy* proxy : {&a_, &b_}) {
    EXPECT_EQ(proxy->Find("a-svc-1")->health, OriginHealth::kHealthy);
    EXPECT_FALSE(proxy->Find("a-svc-1")->deregistered);
  }
}

TEST_F(SharedOriginsTest, ASilentOriginIsKeptWhereItIsInUseElsewhere) {
  a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.Deliver();
  auto use = b_.registry.BeginUse("a-svc-1", Role::kPublisher).use;
  Pass(900, [&](int second) {
    for (Proxy* proxy : {&a_, &b_}) {
      ASSERT_NE(proxy->Find("a-svc-1"), nullptr) << second;
      if (second <= 301) continue;
      ASSERT_EQ(proxy->Find("a-svc-1")->health, OriginHealth::kLeaving);
    }
  });
  use.reset();
  Pass(static_cast<int>(absl::ToInt64Seconds(SharedOrigins::kInUse)) + 1);
  for (Proxy* proxy : {&a_, &b_}) EXPECT_EQ(proxy->Find("a-svc-1"), nullptr);
  EXPECT_EQ(shared_.records().size(), 1u) << "only the store removes for silence";
}

TEST_F(SharedOriginsTest, SilenceKillsNobodyWhileOthersAreNotHeard) {
  a_.Register(Srs("a", "10.0.0.1", "1"));
  shared_.SetHearsAll(false);
  Pass(1000);
  for (Proxy* proxy : {&a_, &b_}) {
    ASSERT_NE(proxy->Find("a-svc-1"), nullptr);
    EXPECT_EQ(proxy->Find("a-svc-1")->health, OriginHealth::kSuspect);
    EXPECT_TRUE(proxy->registry.stats().self_preservation);
  }
  shared_.SetHearsAll(true);
  Pass(299);
  EXPECT_NE(a_.Find("a-svc-1"), nullptr) << "a TTL passes once they are";
  Pass(2);
  for (Proxy* proxy : {&a_, &b_}) EXPECT_EQ(proxy->Find("a-svc-1"), nullptr);
}

TEST_F(SharedOriginsTest, WhatIsFoundInTheStoreIsSuspectUntilItsHeartbeat) {
  const OriginLease lease = a_.Register(Srs("a", "10.0.0.1", "1"));
  Proxy late(clock_, shared_);
  EXPECT_EQ(late.Find("a-svc-1")->health, OriginHealth::kSuspect);
  shared_.Deliver();
  ASSERT_TRUE(a_.registry.Heartbeat(lease.lease_id, {}).ok());
  shared_.Deliver();
  EXPECT_EQ(late.Find("a-svc-1")->health, OriginHealth::kHealthy);
}

}  // namespace
}  // namespace srsproxy
