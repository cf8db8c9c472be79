// With a real Sentinel, master and replica.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

using ::testing::HasSubstr;

class SentinelLinkTest : public ClientTest {
 protected:
  ClientOptions TrioOptions(std::vector<uint16_t> sentinels) {
    auto options = OptionsFor(1);
    for (const uint16_t port : sentinels) {
      options.sentinels.push_back("127.0.0.1:" + std::to_string(port));
    }
    options.sentinel_master = RedisTrio::kName;
    return options;
  }
};

TEST_F(SentinelLinkTest, FollowsAMasterThatDied) {
  RedisTrio trio;
  Open(TrioOptions({trio.sentinel().port()}));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
  ASSERT_TRUE(CallAndWait(link(), {"SET", "k", "v"}).ok());
  ASSERT_TRUE(CallAndWait(link(), {"WAIT", "1", "5000"}).ok());
  trio.master().Kill();
  ASSERT_TRUE(observer_.WaitConnected(2)) << observer_.why();
  EXPECT_EQ(trio.MasterPort(), trio.replica().port());
  EXPECT_EQ(CallAndWait(link(), {"GET", "k"})->ToString(), "'v'");
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"1"})->AsInteger(), 1);
}

TEST_F(SentinelLinkTest, FollowsASwitchThatIsAnnounced) {
  RedisTrio trio;
  Open(TrioOptions({trio.sentinel().port()}));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
  trio.FailOver();
  ASSERT_TRUE(observer_.WaitConnected(2)) << observer_.why();
  EXPECT_TRUE(CallAndWait(link(), {"SET", "k", "v"}).ok());
  EXPECT_EQ(trio.replica().Command({"GET", "k"}).ToString(), "'v'");
  client_->Stop();
  EXPECT_TRUE(WaitForLine("the Sentinels have made")) << lines_.text();
}

TEST_F(SentinelLinkTest, AsksTheNextSentinelWhenOneIsAway) {
  RedisTrio trio;
  uint16_t dead = 0;
  {
    RedisServer server;
    dead = server.port();
  }
  Open(TrioOptions({dead, trio.sentinel().port()}));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
}

TEST_F(SentinelLinkTest, ASentinelThatDoesNotAnswerIsPassedOver) {
  RedisTrio trio;
  RedisServer stalled({.sentinel = true});
  stalled.Suspend();
  Open(TrioOptions({stalled.port(), trio.sentinel().port()}));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
  stalled.Resume();
}

TEST_F(SentinelLinkTest, OneThatKnowsNoSuchMasterIsNamed) {
  RedisServer sentinel({.sentinel = true});
  auto options = TrioOptions({sentinel.port()});
  Open(options);
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr("PROXY_REDIS_SENTINEL_MASTER"));
  EXPECT_THAT(observer_.why(), HasSubstr(std::to_string(sentinel.port())));
}

TEST_F(SentinelLinkTest, OneThatNamesAReplicaIsNotBelieved) {
  RedisServer master;
  RedisServer replica({.config = {"replicaof 127.0.0.1 " + std::to_string(master.port())}});
  const std::string port = std::to_string(replica.port());
  // It takes what it is configured with for the master until it has looked.
  RedisServer sentinel({.config = {std::string("sentinel monitor ") + RedisTrio::kName +
                                   " 127.0.0.1 " + port + " 1"},
                        .sentinel = true});
  Open(TrioOptions({sentinel.port()}));
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_TRUE(absl::IsUnavailable(observer_.lost().back()));
  replica.Command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
}

TEST_F(SentinelLinkTest, UsesThePasswordWhereASentinelWantsIt) {
  RedisServer master({.arguments = {"--requirepass", "secret"}});
  const std::string name = RedisTrio::kName;
  RedisServer sentinel(
      {.config = {"sentinel monitor " + name + " 127.0.0.1 " + std::to_string(master.port()) + " 1",
                  "sentinel auth-pass " + name + " secret", "requirepass secret"},
       .sentinel = true});
  auto options = TrioOptions({sentinel.port()});
  options.password = "secret";
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
}

TEST_F(SentinelLinkTest, AServerGivenAsASentinelIsNone) {
  RedisServer server;
  Open(TrioOptions({server.port()}));
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr(std::to_string(server.port())));
}

TEST_F(SentinelLinkTest, ASentinelGivenAsAServerIsNone) {
  RedisServer sentinel({.sentinel = true});
  Open(OptionsFor(sentinel.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(observer_.why(), HasSubstr("PROXY_REDIS_SENTINELS"));
}

TEST_F(SentinelLinkTest, AnAddressThatIsNoneIsNamed) {
  auto options = TrioOptions({});
  options.sentinels = {"not an address"};
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Make(options, {}, metrics_, logger_).status()));
}

}  // namespace
}  // namespace srsproxy::redis::testing
