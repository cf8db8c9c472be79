// Go proxies beside ours on one real Redis: their list of servers, and what they register.
#include "dataplane/directory/redis/go_servers.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/redis/go_records.h"
#include "tests/support/fake_fleet.h"
#include "tests/support/origin_records.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr char kList[] = "srs-proxy-all-servers";

std::string GoJson(const std::string& server, int second) {
  return absl::StrCat(
      R"({"ip":"10.0.0.7","server_id":")", server,
      R"(","service_id":"svc","pid":"1","rtmp":["1935"],"update_at":"2026-11-30T12:00:)",
      second < 10 ? "0" : "", second, R"(.5+08:00"})");
}

class GoServersTest : public ::testing::Test {
 protected:
  // Its drivers outlive a tick.
  std::unique_ptr<RedisOrigins> Join(const std::string& id) {
    return std::make_unique<RedisOrigins>(
        RedisOrigins::Options{.port = server_.port(), .id = id, .log = lines_.Options().sink});
  }
  GoServers Driver(RedisOrigins& proxy) {
    return GoServers({.link = proxy.link(),
                      .keys = proxy.keys(),
                      .store = proxy.store(),
                      .fleet = fleet_,
                      .clock = proxy.clock()});
  }
  // A second passes.
  void Pass(GoServers& driver) {
    a_->clock().Advance(absl::Seconds(1));
    driver.Tick();
    a_->store().Tick();
    ASSERT_TRUE(Eventually([&] { return !driver.IsBusy() && a_->store().IsIdle(); }));
  }
  std::vector<std::string> Listed() {
    const Reply reply = server_.Command({"GET", kList});
    const auto text = reply.AsOptionalText();
    const auto keys = ParseGoServerList(text->value_or("broken"));
    EXPECT_TRUE(keys.ok()) << keys.status();
    return keys.value_or(std::vector<std::string>());
  }
  // As a Go proxy takes a heartbeat of SRS: other ones may write in between.
  void RegisterAtGo(const std::string& server, int second) {
    const std::string key = "srs-proxy-server:" + server + "-svc-1";
    server_.Command({"SET", key, GoJson(server, second), "EX", "300"});
    const Reply read = server_.Command({"GET", kList});
    auto keys = ParseGoServerList(read.AsOptionalText()->value_or("[]"));
    if (!keys.ok()) keys = std::vector<std::string>();
    if (std::find(keys->begin(), keys->end(), key) == keys->end()) keys->push_back(key);
    server_.Command({"SET", kList, FormatGoServerList(*keys)});
  }

  RedisServer server_;
  testing::LogLines lines_;
  FakeFleet fleet_;
  std::unique_ptr<RedisOrigins> a_ = Join("a");
};

TEST_F(GoServersTest, TheListIsThePictureOfTheDriver) {
  GoServers driver = Driver(*a_);
  Pass(driver);
  EXPECT_EQ(*server_.Command({"GET", kList}).AsText(), "[]");
  a_->store().PutRecord(Record("one"));
  ASSERT_TRUE(a_->WaitIdle());
  Pass(driver);
  EXPECT_THAT(Listed(), ElementsAre("srs-proxy-server:one-svc-1"));
  a_->store().RemoveRecord("one-svc-1", {});
  ASSERT_TRUE(a_->WaitIdle());
  Pass(driver);
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_EQ(*server_.Command({"TTL", kList}).AsInteger(), -1);
}

TEST_F(GoServersTest, WhoDoesNotDriveWritesNothing) {
  fleet_.driving = false;
  GoServers other = Driver(*a_);
  a_->store().PutRecord(Record("one"));
  Pass(other);
  EXPECT_EQ(*server_.Command({"EXISTS", kList}).AsInteger(), 0);
}

TEST_F(GoServersTest, WhatAnotherWriterHasLostIsListedAgain) {
  GoServers driver = Driver(*a_);
  a_->store().PutRecord(Record("one"));
  ASSERT_TRUE(a_->WaitIdle());
  Pass(driver);
  for (const char* wrong : {"[]", "{broken", "{}", "[1]", R"(["srs-proxy-server:nowhere-svc-1"])",
                            R"(["somebody else's"])"}) {
    server_.Command({"SET", kList, wrong});
    Pass(driver);
    EXPECT_THAT(Listed(), ElementsAre("srs-proxy-server:one-svc-1")) << wrong;
  }
  server_.Command({"DEL", kList});
  server_.Command({"LPUSH", kList, "x"});
  Pass(driver);
  EXPECT_THAT(Listed(), ElementsAre("srs-proxy-server:one-svc-1"));
  EXPECT_GE(a_->store().broken(), 2u);
}

TEST_F(GoServersTest, AListInAnotherOrderIsLeftAlone) {
  GoServers driver = Driver(*a_);
  a_->store().PutRecord(Record("one"));
  a_->store().PutRecord(Record("two"));
  ASSERT_TRUE(a_->WaitIdle());
  Pass(driver);
  const std::string turned = R"(["srs-proxy-server:two-svc-1","srs-proxy-server:one-svc-1"])";
  server_.Command({"SET", kList, turned});
  Pass(driver);
  Pass(driver);
  EXPECT_EQ(*server_.Command({"GET", kList}).AsText(), turned);
}

TEST_F(GoServersTest, AServerOfAGoProxyIsAnOriginEverywhere) {
  const auto b = Join("b");
  GoServers driver = Driver(*a_);
  Pass(driver);
  RegisterAtGo("go", 0);
  Pass(driver);
  ASSERT_TRUE(b->WaitFor("go-svc-1"));
  EXPECT_EQ(b->store().Find("go-svc-1")->registration.ip, "10.0.0.7");
  EXPECT_THAT(Listed(), ElementsAre("srs-proxy-server:go-svc-1"));
  EXPECT_EQ(*server_.Command({"GET", "srs-proxy-server:go-svc-1"}).AsText(), GoJson("go", 0))
      << "which is the Go proxy's to write";
}

class Beats final : public OriginStoreObserver {
 public:
  void OnRecordsPut(std::span<const OriginRecord>, bool) override {}
  void OnRecordRemoved(std::string_view, const OriginEnd&) override {}
  void OnBeats(std::span<const OriginBeat> beats) override {
    count += static_cast<int>(beats.size());
  }
  void OnOriginsInUse(std::span<const std::string>) override {}

  std::atomic<int> count{0};
};

TEST_F(GoServersTest, HeartbeatsThatGoToAGoProxyCount) {
  const auto b = Join("b");
  GoServers driver = Driver(*a_);
  RegisterAtGo("go", 0);
  for (int second = 0; second < 15; ++second) Pass(driver);
  Beats here;
  Beats there;
  const Subscription at_a = a_->store().SubscribeRecords(here);
  const Subscription at_b = b->store().SubscribeRecords(there);
  for (int second = 0; second < 15; ++second) Pass(driver);
  EXPECT_EQ(here.count, 0) << "it was silent";
  RegisterAtGo("go", 20);
  for (int second = 0; second < 15; ++second) Pass(driver);
  EXPECT_EQ(here.count, 1);
  EXPECT_TRUE(Eventually([&] { return there.count == 1; }));
}

TEST_F(GoServersTest, WhatAGoProxyLetsExpireIsGoneEverywhere) {
  const auto b = Join("b");
  GoServers driver = Driver(*a_);
  RegisterAtGo("go", 0);
  Pass(driver);
  ASSERT_TRUE(b->WaitFor("go-svc-1"));
  server_.Command({"DEL", "srs-proxy-server:go-svc-1"});
  for (int second = 0; second < 25; ++second) Pass(driver);
  EXPECT_FALSE(a_->store().Find("go-svc-1").has_value());
  EXPECT_TRUE(b->WaitGone("go-svc-1"));
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(GoServersTest, AllAreListedTwoSecondsAfterManyHaveRegisteredAtOnce) {
  constexpr int kOurs = 100;
  constexpr int kGoWriters = 4;
  constexpr int kOfEach = 10;
  const auto b = Join("b");
  const auto c = Join("c");
  GoServers driver = Driver(*a_);
  Pass(driver);
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kGoWriters; ++writer) {
    threads.emplace_back([this, writer] {
      for (int i = 0; i < kOfEach; ++i) RegisterAtGo(absl::StrCat("go", writer, "x", i), i);
    });
  }
  RedisOrigins* const proxies[] = {a_.get(), b.get(), c.get()};
  for (int i = 0; i < kOurs; ++i) {
    proxies[i % 3]->store().PutRecord(Record(absl::StrCat("o", i)));
    if (i % 10 == 0) driver.Tick();
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(b->WaitIdle() && c->WaitIdle());
  ASSERT_TRUE(Eventually([&] { return !driver.IsBusy(); }));
  Pass(driver);
  Pass(driver);
  EXPECT_EQ(Listed().size(), static_cast<size_t>(kOurs + kGoWriters * kOfEach));
  for (RedisOrigins* proxy : proxies) {
    EXPECT_TRUE(
        Eventually([&] { return proxy->store().Ids().size() == kOurs + kGoWriters * kOfEach; }));
  }
}

}  // namespace
}  // namespace srsproxy::redis
