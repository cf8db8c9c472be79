// Registries of two proxies over one real Redis.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "dataplane/balance/origin_registry.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"

namespace srsproxy {
namespace {

OriginRegistration Srs(const std::string& pid) {
  OriginRegistration registration;
  registration.ip = "10.0.0.1";
  registration.server = "srs";
  registration.service = "svc";
  registration.pid = pid;
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  registration.labels = {{"rack", "7"}};
  return registration;
}

class SharedRegistryTest : public testing::Test {
 protected:
  struct Proxy {
    Proxy(RedisServer& server, const std::string& id)
        : redis({.port = server.port(), .id = id}), registry(redis.clock(), redis.store()) {}
    // Before the registry, whose subscriptions it calls.
    ~Proxy() { redis.Stop(); }

    std::shared_ptr<const Origin> Find(std::string_view id) {
      return registry.CurrentSnapshot()->Find(id);
    }
    bool WaitFor(std::string_view id, OriginHealth health) {
      return Eventually([&] {
        const auto origin = Find(id);
        return origin != nullptr && origin->health == health;
      });
    }

    RedisOrigins redis;
    OriginRegistry registry;
  };

  void Pass(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(1)) {
      for (Proxy* proxy : {&a_, &b_}) {
        proxy->redis.clock().Advance(absl::Seconds(1));
        proxy->registry.Tick();
        proxy->redis.store().Tick();
      }
    }
  }

  RedisServer server_;
  Proxy a_{server_, "a"};
  Proxy b_{server_, "b"};
};

TEST_F(SharedRegistryTest, AnOriginOfOneIsThatOfTheOther) {
  const auto lease = a_.registry.Register(Srs("1"), "10.0.0.1");
  ASSERT_TRUE(lease.ok());
  ASSERT_TRUE(b_.WaitFor("srs-svc-1", OriginHealth::kHealthy));
  EXPECT_EQ(b_.Find("srs-svc-1")->registration, Srs("1"));

  // The last one before the silence has come to the other.
  OriginHeartbeat heartbeat;
  heartbeat.load.streams = 3;
  ASSERT_TRUE(a_.registry.Heartbeat(lease->lease_id, heartbeat).ok());
  Pass(absl::Seconds(1));
  ASSERT_TRUE(Eventually([&] { return b_.Find("srs-svc-1")->load.streams == 3; }));

  Pass(absl::Seconds(40));
  EXPECT_EQ(b_.Find("srs-svc-1")->health, OriginHealth::kSuspect);
  heartbeat.load.streams = 5;
  ASSERT_TRUE(b_.registry.Heartbeat(lease->lease_id, heartbeat).ok()) << "a lease of the other";
  Pass(absl::Seconds(1));
  ASSERT_TRUE(a_.WaitFor("srs-svc-1", OriginHealth::kHealthy));
  EXPECT_EQ(a_.Find("srs-svc-1")->load.streams, 5);

  ASSERT_TRUE(b_.registry.Register(Srs("2"), "10.0.0.1").ok());
  ASSERT_TRUE(a_.WaitFor("srs-svc-2", OriginHealth::kHealthy));
  EXPECT_EQ(a_.registry.CurrentSnapshot()->Resolve("srs-svc-1")->id, "srs-svc-2");
  EXPECT_EQ(a_.Find("srs-svc-2")->generation, 2u);

  ASSERT_TRUE(a_.registry.DeregisterOrigin("srs-svc-2").ok());
  EXPECT_TRUE(Eventually([&] { return b_.Find("srs-svc-2") == nullptr; }));
}

TEST_F(SharedRegistryTest, WhatIsLiveAtOneKeepsItForTheOther) {
  ASSERT_TRUE(a_.registry.Register(Srs("1"), "10.0.0.1").ok());
  ASSERT_TRUE(b_.WaitFor("srs-svc-1", OriginHealth::kHealthy));
  auto use = b_.registry.BeginUse("srs-svc-1", Role::kPublisher).use;
  ASSERT_NE(use, nullptr);
  ASSERT_TRUE(a_.registry.DeregisterOrigin("srs-svc-1").ok());
  ASSERT_TRUE(b_.WaitFor("srs-svc-1", OriginHealth::kLeaving));
  EXPECT_TRUE(a_.WaitFor("srs-svc-1", OriginHealth::kLeaving));
  EXPECT_EQ(*server_.Command({"EXISTS", "srs-proxy-server:srs-svc-1"}).AsInteger(), 1);

  use.reset();
  EXPECT_TRUE(Eventually([&] {
    Pass(absl::Seconds(1));
    return a_.Find("srs-svc-1") == nullptr && b_.Find("srs-svc-1") == nullptr;
  }));
}

TEST_F(SharedRegistryTest, NothingThatIsSilentEndsWhileRedisIsAway) {
  ASSERT_TRUE(a_.registry.Register(Srs("1"), "10.0.0.1").ok());
  ASSERT_TRUE(b_.WaitFor("srs-svc-1", OriginHealth::kHealthy));
  server_.Kill();
  ASSERT_TRUE(Eventually([&] { return !b_.redis.store().HearsAll(); }));
  Pass(absl::Seconds(1000));
  EXPECT_EQ(b_.Find("srs-svc-1")->health, OriginHealth::kSuspect);
  EXPECT_TRUE(b_.registry.stats().self_preservation);
}

}  // namespace
}  // namespace srsproxy
