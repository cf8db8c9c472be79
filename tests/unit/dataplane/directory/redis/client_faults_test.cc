// What goes wrong with a real server, and what the client makes of it.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

using ::testing::HasSubstr;

class ClientFaultsTest : public ClientTest {};

// Ends the client's connections, and no others.
void KillClients(const RedisServer& server) {
  EXPECT_TRUE(
      server.Command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).ToStatus().ok());
}

TEST_F(ClientFaultsTest, ASuspendedServerIsLostAtTheDeadlineAndFoundAgain) {
  RedisServer server;
  auto options = OptionsFor(server.port());
  options.connect_timeout = absl::Milliseconds(300);
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  server.Suspend();
  auto first = BeginCall(link(), {"PING"}, absl::Milliseconds(100));
  auto second = BeginCall(link(), {"PING"}, absl::Seconds(60));
  EXPECT_TRUE(absl::IsUnavailable(Await(std::move(first)).status()));
  EXPECT_TRUE(absl::IsUnavailable(Await(std::move(second)).status()));
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr("has not answered within"));
  // It connects, as the kernel answers, and gets no further.
  ASSERT_TRUE(observer_.WaitLost(2));
  server.Resume();
  ASSERT_TRUE(observer_.WaitConnected(2));
  EXPECT_TRUE(CallAndWait(link(), {"PING"}).ok());
}

TEST_F(ClientFaultsTest, AKilledConnectionComesBackAtOnce) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  KillClients(server);
  ASSERT_TRUE(observer_.WaitConnected(2));
  EXPECT_EQ(observer_.lost().size(), 1u);
  EXPECT_TRUE(CallAndWait(link(), {"PING"}).ok());
}

TEST_F(ClientFaultsTest, AFlushTakesTheDataAndNothingElse) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"5"})->AsInteger(), 5);
  EXPECT_TRUE(server.Command({"FLUSHALL"}).ToStatus().ok());
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"5"})->AsInteger(), 5);
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, ARestartIsAnotherHistory) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  const std::string before = observer_.server().replication_id;
  server.Kill();
  server.Start();
  ASSERT_TRUE(observer_.WaitConnected(2));
  EXPECT_NE(observer_.server().replication_id, before);
}

TEST_F(ClientFaultsTest, AUserWithoutEvalIsRefusedUntilItMay) {
  RedisServer server({.config = {"user app on >secret ~* +@all -eval -evalsha"}});
  auto options = OptionsFor(server.port());
  options.username = "app";
  options.password = "secret";
  Open(options);
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(observer_.why(), HasSubstr("+eval"));
  EXPECT_TRUE(absl::IsUnavailable(CallAndWait(link(), {"PING"}).status()));
  EXPECT_TRUE(server.Command({"ACL", "SETUSER", "app", "+eval", "+evalsha"}).ToStatus().ok());
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"1"})->AsInteger(), 1);
}

TEST_F(ClientFaultsTest, ARightThatIsTakenAwayIsALoss) {
  RedisServer server({.config = {"user app on >secret ~* +@all"}});
  auto options = OptionsFor(server.port());
  options.username = "app";
  options.password = "secret";
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_TRUE(server.Command({"ACL", "SETUSER", "app", "-eval", "-evalsha"}).ToStatus().ok());
  EXPECT_TRUE(absl::IsPermissionDenied(RunAndWait(link(), "add", {"n"}, {"1"}).status()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(server.Command({"ACL", "SETUSER", "app", "+eval", "+evalsha"}).ToStatus().ok());
  ASSERT_TRUE(observer_.WaitConnected(2));
}

TEST_F(ClientFaultsTest, AUserWithoutInfoIsServedWithAWarning) {
  RedisServer server({.config = {"user app on >secret ~* +@all -info -script|load"}});
  auto options = OptionsFor(server.port());
  options.username = "app";
  options.password = "secret";
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(observer_.server().role, ServerRole::kMaster);
  EXPECT_EQ(*RunAndWait(link(), "add", {"n"}, {"1"})->AsInteger(), 1);
  KillClients(server);
  ASSERT_TRUE(observer_.WaitConnected(2));
  client_->Stop();
  EXPECT_TRUE(WaitForLine("allow +info"));
  EXPECT_EQ(lines_.Count("allow +info"), 1) << lines_.text();
}

TEST_F(ClientFaultsTest, APasswordThatChangesIsNoticedAtTheNextConnection) {
  RedisServer server({.arguments = {"--requirepass", "first"}, .hello = {"AUTH", "first"}});
  auto options = OptionsFor(server.port());
  options.password = "first";
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  // The connection that changes it stays authenticated.
  EXPECT_TRUE(CallAndWait(link(), {"CONFIG", "SET", "requirepass", "second"}).ok());
  ASSERT_TRUE(CallAndWait(link(), {"PING"}).ok());
  client_->command().Reconnect(absl::UnavailableError("the test wants it"));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(observer_.why(), HasSubstr("PROXY_REDIS_PASSWORD"));
  WaitingObserver repaired;
  auto second = options;
  second.password = "second";
  auto other = Client::Make(second, {}, metrics_, logger_).value();
  other->feed().Open(repaired);
  ASSERT_TRUE(repaired.WaitConnected());
  EXPECT_TRUE(CallAndWait(other->feed(), {"CONFIG", "SET", "requirepass", "first"}).ok());
  ASSERT_TRUE(observer_.WaitConnected(2));
}

TEST_F(ClientFaultsTest, WithoutAPasswordOneThatIsNeededIsAskedFor) {
  RedisServer server({.arguments = {"--requirepass", "x"}});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(observer_.why(), HasSubstr("set PROXY_REDIS_PASSWORD"));
}

// Its second port would be 10,000 above the first, where outgoing connections have theirs.
std::vector<std::string> ClusterArguments() {
  const ReservedPort bus;
  return {"--cluster-enabled", "yes", "--cluster-port", std::to_string(bus.number())};
}

TEST_F(ClientFaultsTest, AServerOfAClusterIsRefusedByName) {
  RedisServer server({.arguments = ClusterArguments()});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(observer_.why(), HasSubstr("Redis Cluster"));
}

TEST_F(ClientFaultsTest, AServerOfAClusterIsRefusedAlsoWhereInfoIsForbidden) {
  RedisServer server(
      {.arguments = ClusterArguments(), .config = {"user default on nopass ~* +@all -info"}});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_FALSE(RunAndWait(link(), "add", {"n"}, {"1"}).ok());
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ClientFaultsTest, AServerWithoutEvalIsRefusedByName) {
  RedisServer server({.config = {"rename-command EVAL \"\""}});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(observer_.why(), HasSubstr("has no EVAL"));
}

TEST_F(ClientFaultsTest, ADatabaseThatIsNotThereIsRefused) {
  RedisServer server({.arguments = {"--databases", "2"}});
  auto options = OptionsFor(server.port());
  options.db = 2;
  Open(options);
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(observer_.why(), HasSubstr("PROXY_REDIS_DB"));
}

TEST_F(ClientFaultsTest, UsesItsDatabase) {
  RedisServer server;
  auto options = OptionsFor(server.port());
  options.db = 5;
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  ASSERT_TRUE(CallAndWait(link(), {"SET", "k", "v"}).ok());
  EXPECT_TRUE(server.Command({"GET", "k"}).is_nil());
}

TEST_F(ClientFaultsTest, AServerThatBecomesAReplicaIsLost) {
  RedisServer server;
  RedisServer other;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  server.Command({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  // Redis closes normal connections then, or the next write is refused.
  (void)RunAndWait(link(), "add", {"n"}, {"1"});
  ASSERT_TRUE(observer_.WaitLost());
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  server.Command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(observer_.WaitConnected(2));
}

TEST_F(ClientFaultsTest, MemoryThatIsFullIsAnErrorOfTheCall) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_TRUE(server.Command({"CONFIG", "SET", "maxmemory", "1"}).ToStatus().ok());
  const auto refused = RunAndWait(link(), "add", {"n"}, {"1"});
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status())) << refused.status();
  EXPECT_TRUE(CallAndWait(link(), {"GET", "n"}).ok());
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, ConnectsToAServerWhoseMemoryIsFull) {
  RedisServer server({.arguments = {"--maxmemory", "1"}});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
  EXPECT_TRUE(absl::IsResourceExhausted(RunAndWait(link(), "add", {"n"}, {"1"}).status()));
  EXPECT_TRUE(CallAndWait(link(), {"GET", "n"}).ok());
}

TEST_F(ClientFaultsTest, ABusyScriptIsWaitedFor) {
  RedisServer server({.config = {"busy-reply-threshold 50"}});
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  client_->feed().Open(other_observer_);
  ASSERT_TRUE(other_observer_.WaitConnected());
  auto endless = BeginCall(client_->feed(), {"EVAL", "while true do end", "0"}, absl::Seconds(60));
  // It is served until the script is known to be busy, and then refused.
  Outcome refused = Reply();
  while (refused.ok()) refused = CallAndWait(link(), {"PING"});
  EXPECT_TRUE(absl::IsUnavailable(refused.status()));
  EXPECT_THAT(std::string(MessageOf(refused.status())), HasSubstr("SCRIPT KILL"));
  EXPECT_TRUE(server.Command({"SCRIPT", "KILL"}).ToStatus().ok());
  EXPECT_FALSE(Await(std::move(endless)).ok());
  EXPECT_TRUE(CallAndWait(link(), {"PING"}).ok());
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, TooManyClientsIsTheReason) {
  RedisServer server;
  // One that stays.
  auto holder = Client::Make(OptionsFor(server.port()), {}, metrics_, logger_).value();
  holder->feed().Open(other_observer_);
  ASSERT_TRUE(other_observer_.WaitConnected());
  ASSERT_TRUE(CallAndWait(holder->feed(), {"CONFIG", "SET", "maxclients", "1"}).ok());
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr("maxclients"));
  ASSERT_TRUE(CallAndWait(holder->feed(), {"CONFIG", "SET", "maxclients", "100"}).ok());
  ASSERT_TRUE(observer_.WaitConnected());
}

TEST_F(ClientFaultsTest, AReplyThatIsTooLargeCostsTheCallAlone) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  ASSERT_TRUE(CallAndWait(link(), {"SETRANGE", "huge", "104857600", "x"}).ok());
  const auto huge = CallAndWait(link(), {"GET", "huge"});
  EXPECT_TRUE(absl::IsDataLoss(huge.status())) << huge.status();
  EXPECT_THAT(std::string(MessageOf(huge.status())), HasSubstr("too long to be read"));
  EXPECT_TRUE(CallAndWait(link(), {"GET", "small"}).ok());
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, TooManyOpenCallsAreRefusedAtOnce) {
  RedisServer server;
  auto options = OptionsFor(server.port());
  options.max_open_calls = 3;
  options.max_open_bytes = 1000;
  Open(options);
  ASSERT_TRUE(observer_.WaitConnected());
  const std::string large(1000, 'x');
  EXPECT_TRUE(absl::IsResourceExhausted(CallAndWait(link(), {"SET", "k", large}).status()));
  server.Suspend();
  std::vector<std::future<Outcome>> open;
  for (int i = 0; i < 3; ++i) open.push_back(BeginCall(link(), {"PING"}, absl::Seconds(60)));
  EXPECT_TRUE(absl::IsResourceExhausted(CallAndWait(link(), {"PING"}).status()));
  server.Resume();
  for (auto& answer : open) EXPECT_TRUE(Await(std::move(answer)).ok());
  EXPECT_TRUE(CallAndWait(link(), {"PING"}).ok());
}

TEST_F(ClientFaultsTest, EachLossIsLoggedOnce) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  server.Kill();
  ASSERT_TRUE(observer_.WaitLost(2));  // Closed; then refused, again and again.
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < later) {
    (void)CallAndWait(link(), {"PING"});
  }
  server.Start();
  ASSERT_TRUE(observer_.WaitConnected(2));
  client_->Stop();
  EXPECT_TRUE(WaitForLine("connected to Redis", 2));
  EXPECT_EQ(lines_.Count("the connection to Redis is lost"), 1) << lines_.text();
  EXPECT_EQ(lines_.Count("cannot connect to Redis"), 1) << lines_.text();
}

TEST_F(ClientFaultsTest, ALinkThatIsCutAloneLeavesTheOthers) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  client_->feed().Open(other_observer_);
  ASSERT_TRUE(observer_.WaitConnected());
  ASSERT_TRUE(other_observer_.WaitConnected());
  auto waiting = BeginCall(client_->feed(), {"XREAD", "BLOCK", "0", "STREAMS", "feed", "$"},
                           absl::Seconds(60));
  const auto id = CallAndWait(link(), {"CLIENT", "ID"});
  ASSERT_TRUE(id.ok());
  EXPECT_TRUE(
      server.Command({"CLIENT", "KILL", "ID", std::to_string(*id->AsInteger())}).ToStatus().ok());
  ASSERT_TRUE(observer_.WaitConnected(2));
  ASSERT_TRUE(CallAndWait(link(), {"XADD", "feed", "1-1", "k", "v"}).ok());
  EXPECT_EQ(Await(std::move(waiting))->ToString(), "[['feed', [['1-1', ['k', 'v']]]]]");
  EXPECT_EQ(other_observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, AClosedLinkOpensAgain) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  for (int i = 1; i <= 20; ++i) {
    Link& bulk = client_->bulk();
    bulk.Open(other_observer_);
    ASSERT_TRUE(other_observer_.WaitConnected(i));
    EXPECT_TRUE(CallAndWait(bulk, {"PING"}).ok());
    bulk.Close();
    EXPECT_TRUE(absl::IsUnavailable(CallAndWait(bulk, {"PING"}).status()));
  }
  EXPECT_TRUE(other_observer_.lost().empty());
  EXPECT_EQ(observer_.connects(), 1);
}

TEST_F(ClientFaultsTest, StopAnswersAllThatIsOpen) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  std::vector<std::future<Outcome>> open;
  for (int i = 0; i < 100; ++i) {
    open.push_back(BeginCall(link(), {"BLPOP", "nothing", "0"}, absl::Seconds(60)));
  }
  client_->Stop();
  for (auto& answer : open) {
    ASSERT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_TRUE(absl::IsCancelled(answer.get().status()));
  }
  EXPECT_TRUE(absl::IsCancelled(CallAndWait(link(), {"PING"}).status()));
  client_->Stop();
  EXPECT_TRUE(observer_.lost().empty());
}

TEST_F(ClientFaultsTest, StopsWhileItConnects) {
  RedisServer server;
  server.Suspend();
  auto options = OptionsFor(server.port());
  options.connect_timeout = absl::Seconds(60);
  Open(options);
  client_->feed().Open(other_observer_);
  auto answer = BeginCall(link(), {"PING"});
  client_->Stop();
  EXPECT_FALSE(Await(std::move(answer)).ok());
  server.Resume();
}

TEST_F(ClientFaultsTest, EveryCallOfManyThreadsIsAnsweredOnce) {
  RedisServer server;
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  std::atomic<bool> enough = false;
  std::atomic<int> begun = 0;
  std::atomic<int> answered = 0;
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const std::string_view keys[] = {"n"};
      const std::string_view arguments[] = {"1"};
      while (!enough) {
        for (int j = 0; j < 100; ++j) {
          ++begun;
          link().Run("add", keys, arguments, [&](const Outcome& reply) {
            ++answered;
            if (reply.ok()) ++succeeded;
          });
        }
        (void)CallAndWait(link(), {"PING"});
      }
    });
  }
  for (int i = 2; i <= 5; ++i) {
    KillClients(server);
    EXPECT_TRUE(observer_.WaitConnected(i));
  }
  const auto late = std::chrono::steady_clock::now() + kPatience;
  while (succeeded == 0 && std::chrono::steady_clock::now() < late) std::this_thread::yield();
  enough = true;
  for (std::thread& thread : threads) thread.join();
  client_->Stop();
  EXPECT_EQ(answered, begun);
  EXPECT_GT(succeeded, 0);
  const auto counted = server.Command({"GET", "n"}).AsInteger();
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_LE(succeeded, *counted);
}

}  // namespace
}  // namespace srsproxy::redis::testing
