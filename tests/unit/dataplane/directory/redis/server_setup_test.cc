#include "dataplane/directory/redis/server_setup.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kInfo = "redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:0\r\n";

Reply Role(const std::string& role) {
  Reply::Array items;
  items.push_back(Reply::String(role));
  items.push_back(Reply::Integer(0));
  return Reply::ArrayOf(std::move(items));
}

// The replies of a server that will do, one of which a test replaces.
struct Replies {
  Reply auth = Reply::Status("OK");
  Reply name = Reply::Status("OK");
  Reply select = Reply::Status("OK");
  Reply info = Reply::String(kInfo);
  Reply role = Role("master");
  Reply eval = Reply::Integer(1);
  Reply load = Reply::String("digest");
};

class ServerSetupTest : public ::testing::Test {
 protected:
  ServerSetupTest() {
    options_.username = "app";
    options_.password = "secret";
    options_.db = 3;
    options_.proxy_id = "a b\n";
    scripts_.emplace_back("one", "return 1");
  }

  absl::StatusOr<ServerSetup::Outcome> Judge(Replies replies) const {
    std::vector<absl::StatusOr<Reply>> all;
    for (Reply* reply : {&replies.auth, &replies.name, &replies.select, &replies.info,
                         &replies.role, &replies.eval, &replies.load}) {
      all.emplace_back(std::move(*reply));
    }
    return ServerSetup(options_, scripts_).Judge(all);
  }
  // Why the server is refused when `reply` is an error.
  absl::Status With(Reply Replies::*reply, const std::string& error) const {
    Replies replies;
    replies.*reply = Reply::Error(error);
    return Judge(std::move(replies)).status();
  }

  ClientOptions options_;
  std::vector<Script> scripts_;
};

TEST_F(ServerSetupTest, AsksForAllThatIsSet) {
  EXPECT_THAT(
      ServerSetup(options_, scripts_).commands(),
      ElementsAre("*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$6\r\nsecret\r\n",
                  "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$13\r\nsrsproxy-a-b-\r\n",
                  "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n", "*1\r\n$4\r\nINFO\r\n",
                  "*1\r\n$4\r\nROLE\r\n", "*3\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n",
                  "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$8\r\nreturn 1\r\n"));
}

TEST_F(ServerSetupTest, LeavesOutWhatIsNotSet) {
  options_.username = "";
  options_.db = 0;
  const ServerSetup setup(options_, {});
  ASSERT_EQ(setup.commands().size(), 5u);
  EXPECT_EQ(setup.commands()[0], "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
  options_.password = "";
  EXPECT_EQ(ServerSetup(options_, {}).commands().size(), 4u);
}

TEST_F(ServerSetupTest, AMasterWillDo) {
  const auto outcome = Judge({});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->server.version, "7.0.15");
  EXPECT_THAT(outcome->warnings, IsEmpty());
}

TEST_F(ServerSetupTest, WhatMayFailDoesNotMatter) {
  EXPECT_TRUE(With(&Replies::name, "NOPERM User app has no permissions").ok());
  EXPECT_TRUE(With(&Replies::name, "ERR unknown command").ok());
  EXPECT_TRUE(With(&Replies::role, "NOPERM User app has no permissions").ok());
  EXPECT_TRUE(With(&Replies::load, "NOPERM User app has no permissions").ok());
}

TEST_F(ServerSetupTest, WithoutTheRightToInfoThereIsAWarning) {
  Replies replies;
  replies.info = Reply::Error("NOPERM User app has no permissions to run the 'info' command");
  const auto outcome = Judge(std::move(replies));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->server.role, ServerRole::kMaster);
  EXPECT_THAT(outcome->warnings, ElementsAre(HasSubstr("allow +info")));
}

TEST_F(ServerSetupTest, AReplicaIsRefusedByInfoOrByRole) {
  Replies by_info;
  by_info.info = Reply::String("redis_version:7.0.15\r\nrole:slave\r\n");
  const auto status = Judge(std::move(by_info)).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("PROXY_REDIS_SENTINELS"));
  Replies by_role;
  by_role.info = Reply::Error("NOPERM no");
  by_role.role = Role("slave");
  EXPECT_TRUE(absl::IsUnavailable(Judge(std::move(by_role)).status()));
}

TEST_F(ServerSetupTest, ASentinelIsRefusedByName) {
  Replies replies;
  replies.info = Reply::Error("ERR unknown command");
  replies.role = Role("sentinel");
  replies.eval = Reply::Error("ERR unknown command 'EVAL'");
  const auto status = Judge(std::move(replies)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("Sentinel"));
}

TEST_F(ServerSetupTest, EvictionIsWarnedAbout) {
  Replies replies;
  replies.info = Reply::String(std::string(kInfo) + "maxmemory_policy:allkeys-lru\r\n");
  EXPECT_THAT(Judge(std::move(replies))->warnings, ElementsAre(HasSubstr("allkeys-lru")));
}

struct RefusalCase {
  Reply Replies::*reply;
  std::string error;
  absl::StatusCode code;
  std::string words;
};

class RefusalTest : public ServerSetupTest, public testing::WithParamInterface<RefusalCase> {};

TEST_P(RefusalTest, SaysWhatToDo) {
  const absl::Status status = With(GetParam().reply, GetParam().error);
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusalTest,
    testing::Values(
        RefusalCase{&Replies::auth, "WRONGPASS invalid username-password pair",
                    absl::StatusCode::kUnauthenticated, "PROXY_REDIS_PASSWORD"},
        RefusalCase{&Replies::auth, "ERR AUTH <password> called without any password configured",
                    absl::StatusCode::kUnauthenticated, "leave PROXY_REDIS_PASSWORD unset"},
        RefusalCase{&Replies::name, "NOAUTH Authentication required.",
                    absl::StatusCode::kUnauthenticated, "PROXY_REDIS_PASSWORD"},
        RefusalCase{&Replies::select, "ERR DB index is out of range",
                    absl::StatusCode::kFailedPrecondition, "PROXY_REDIS_DB"},
        RefusalCase{&Replies::select, "NOPERM User app has no permissions",
                    absl::StatusCode::kPermissionDenied, "ACL"},
        RefusalCase{&Replies::info, "LOADING Redis is loading the dataset in memory",
                    absl::StatusCode::kUnavailable, "reading its data"},
        RefusalCase{&Replies::eval, "ERR unknown command 'EVAL', with args beginning with",
                    absl::StatusCode::kFailedPrecondition, "Redis 7.0.15 has no EVAL"},
        RefusalCase{&Replies::eval, "NOPERM User app has no permissions to run the 'eval' command",
                    absl::StatusCode::kPermissionDenied, "+eval"},
        RefusalCase{&Replies::eval, "BUSY Redis is busy running a script.",
                    absl::StatusCode::kUnavailable, "SCRIPT KILL"},
        RefusalCase{&Replies::load, "ERR Error compiling script", absl::StatusCode::kInternal,
                    "Error compiling"}));

TEST_F(ServerSetupTest, AClusterAndAnOldServerAreRefused) {
  for (const char* info : {"redis_version:7.0.15\r\nrole:master\r\ncluster_enabled:1\r\n",
                           "redis_version:5.0.14\r\nrole:master\r\n"}) {
    Replies replies;
    replies.info = Reply::String(info);
    EXPECT_TRUE(absl::IsFailedPrecondition(Judge(std::move(replies)).status())) << info;
  }
}

TEST_F(ServerSetupTest, AnswersOfAnotherKindAreRefused) {
  Replies replies;
  replies.info = Reply::Integer(1);
  EXPECT_TRUE(absl::IsDataLoss(Judge(std::move(replies)).status()));
  Replies roles;
  roles.info = Reply::String("");
  roles.role = Reply::String("master");
  EXPECT_TRUE(absl::IsDataLoss(Judge(std::move(roles)).status()));
}

TEST_F(ServerSetupTest, AConnectionThatBrokeIsTheReason) {
  std::vector<absl::StatusOr<Reply>> replies;
  replies.emplace_back(Reply::Status("OK"));
  for (int i = 0; i < 6; ++i) replies.emplace_back(absl::UnavailableError("cut"));
  EXPECT_TRUE(absl::IsUnavailable(ServerSetup(options_, scripts_).Judge(replies).status()));
}

}  // namespace
}  // namespace srsproxy::redis
