// Against a real server.
#include "dataplane/directory/redis/client.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(ClientTest, ConnectsAndCalls) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(observer_.server().role, ServerRole::kMaster);
  EXPECT_FALSE(observer_.server().version.empty());
  EXPECT_EQ(CallAndWait(link(), {"SET", "k", "two words"})->ToString(), "(status) 'OK'");
  EXPECT_EQ(CallAndWait(link(), {"GET", "k"})->ToString(), "'two words'");
  const Reply list = server.Command({"CLIENT", "LIST"});
  EXPECT_THAT(std::string(*list.AsText()), HasSubstr("name=srsproxy-p-1 "));
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_redis_up 1"));
  EXPECT_THAT(metrics_.Serialize(),
              HasSubstr("srsproxy_redis_command_seconds_count{op=\"test\"} 2"));
}

TEST_F(ClientTest, RunsScriptsAlsoAfterTheyWereFlushed) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"5"})->AsInteger(), 5);
  EXPECT_EQ(RunAndWait(link(), "both", {"a", "b"}, {"c"})->ToString(), "['a', 'b', 'c']");
  EXPECT_TRUE(server.Command({"SCRIPT", "FLUSH"}).ToStatus().ok());
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"2"})->AsInteger(), 7);
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"1"})->AsInteger(), 8);
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientTest, AnUnknownScriptIsAnError) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  EXPECT_TRUE(absl::IsInternal(RunAndWait(link(), "none", {}, {}).status()));
}

TEST_F(ClientTest, AnErrorOfRedisIsAStatus) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  ASSERT_TRUE(CallAndWait(link(), {"SET", "k", "text"}).ok());
  EXPECT_TRUE(absl::IsDataLoss(CallAndWait(link(), {"HGETALL", "k"}).status()));
  EXPECT_TRUE(absl::IsDataLoss(CallAndWait(link(), {"LPUSH", "k", "a"}).status()));
  EXPECT_EQ(observer_.connects(), 1);
  EXPECT_TRUE(observer_.lost().empty());
}

TEST_F(ClientTest, IsUnavailableAtOnceWhileItIsNotConnected) {
  uint16_t port = 0;
  {
    RedisServer server;
    port = server.port();
  }
  Open(OptionsFor(port));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  EXPECT_THAT(observer_.why(), HasSubstr("127.0.0.1:" + std::to_string(port)));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(absl::IsUnavailable(CallAndWait(link(), {"PING"}, absl::Seconds(60)).status()));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_redis_up 0"));
}

TEST_F(ClientTest, WaitsForAServerThatComesLater) {
  RedisServer server;
  server.Kill();
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost());
  server.Start();
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_TRUE(CallAndWait(link(), {"PING"}).ok());
}

TEST_F(ClientTest, ComesBackAfterTheServerDied) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  // Waits in Redis when that dies.
  auto open = BeginCall(link(), {"BLPOP", "nothing", "0"}, absl::Seconds(60));
  server.Kill();
  EXPECT_TRUE(absl::IsUnavailable(Await(std::move(open)).status()));
  ASSERT_TRUE(observer_.WaitLost());
  server.Start();
  ASSERT_TRUE(observer_.WaitConnected(2));
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"1"})->AsInteger(), 1);
}

}  // namespace
}  // namespace srsproxy::redis::testing
