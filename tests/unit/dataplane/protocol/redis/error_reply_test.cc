#include "dataplane/protocol/redis/error_reply.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::HasSubstr;

struct ErrorCase {
  std::string message;
  ErrorKind kind;
  absl::StatusCode code;
};

class ErrorReplyTest : public testing::TestWithParam<ErrorCase> {};

TEST_P(ErrorReplyTest, IsKnownAndSaysWhatToDo) {
  const auto& [message, kind, code] = GetParam();
  EXPECT_EQ(ToName(ClassifyError(message)), ToName(kind));
  const absl::Status status = ErrorToStatus(message);
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_THAT(std::string(MessageOf(status)),
              HasSubstr(message.substr(0, message.find(", with args"))));
}

// What Redis 5 to 7 say, word by word.
INSTANTIATE_TEST_SUITE_P(
    All, ErrorReplyTest,
    testing::Values(
        ErrorCase{"NOSCRIPT No matching script. Please use EVAL.", ErrorKind::kNoScript,
                  absl::StatusCode::kNotFound},
        ErrorCase{"READONLY You can't write against a read only replica.", ErrorKind::kReadOnly,
                  absl::StatusCode::kUnavailable},
        ErrorCase{"OOM command not allowed when used memory > 'maxmemory'.",
                  ErrorKind::kOutOfMemory, absl::StatusCode::kResourceExhausted},
        ErrorCase{"LOADING Redis is loading the dataset in memory", ErrorKind::kLoading,
                  absl::StatusCode::kUnavailable},
        ErrorCase{"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN "
                  "NOSAVE.",
                  ErrorKind::kBusy, absl::StatusCode::kUnavailable},
        ErrorCase{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
                  "'no'.",
                  ErrorKind::kMasterDown, absl::StatusCode::kUnavailable},
        ErrorCase{"NOREPLICAS Not enough good replicas to write.", ErrorKind::kTooFewReplicas,
                  absl::StatusCode::kUnavailable},
        ErrorCase{"MISCONF Redis is configured to save RDB snapshots, but it's currently unable "
                  "to persist to disk.",
                  ErrorKind::kCannotPersist, absl::StatusCode::kUnavailable},
        ErrorCase{"ERR max number of clients reached", ErrorKind::kTooManyClients,
                  absl::StatusCode::kUnavailable},
        ErrorCase{"NOAUTH Authentication required.", ErrorKind::kNoAuth,
                  absl::StatusCode::kUnauthenticated},
        ErrorCase{"WRONGPASS invalid username-password pair or user is disabled.",
                  ErrorKind::kWrongPassword, absl::StatusCode::kUnauthenticated},
        ErrorCase{"ERR invalid password", ErrorKind::kWrongPassword,
                  absl::StatusCode::kUnauthenticated},
        ErrorCase{"ERR AUTH <password> called without any password configured for the default "
                  "user. Are you sure your configuration is correct?",
                  ErrorKind::kNoPasswordSet, absl::StatusCode::kUnauthenticated},
        ErrorCase{"ERR Client sent AUTH, but no password is set", ErrorKind::kNoPasswordSet,
                  absl::StatusCode::kUnauthenticated},
        ErrorCase{"NOPERM User app has no permissions to run the 'eval' command",
                  ErrorKind::kNoPermission, absl::StatusCode::kPermissionDenied},
        ErrorCase{"DENIED Redis is running in protected mode", ErrorKind::kProtectedMode,
                  absl::StatusCode::kPermissionDenied},
        ErrorCase{"CLUSTERDOWN Hash slot not served", ErrorKind::kCluster,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"MOVED 3999 127.0.0.1:6381", ErrorKind::kCluster,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"ASK 3999 127.0.0.1:6381", ErrorKind::kCluster,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"CROSSSLOT Keys in request don't hash to the same slot", ErrorKind::kCluster,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"ERR SELECT is not allowed in cluster mode", ErrorKind::kCluster,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"WRONGTYPE Operation against a key holding the wrong kind of value",
                  ErrorKind::kWrongType, absl::StatusCode::kDataLoss},
        ErrorCase{"ERR unknown command `EVALSHA`, with args beginning with: ",
                  ErrorKind::kUnknownCommand, absl::StatusCode::kUnimplemented},
        ErrorCase{"ERR DB index is out of range", ErrorKind::kNoSuchDatabase,
                  absl::StatusCode::kFailedPrecondition},
        ErrorCase{"TOOLONG a string of 20000000 bytes", ErrorKind::kTooLong,
                  absl::StatusCode::kDataLoss},
        // Redis 6 wraps what a script's commands answer; 7 does not.
        ErrorCase{"ERR Error running script (call to f_ab12): @user_script:1: @user_script: 1: "
                  "-OOM command not allowed when used memory > 'maxmemory'.",
                  ErrorKind::kOutOfMemory, absl::StatusCode::kResourceExhausted},
        ErrorCase{"ERR Error running script (call to f_ab12): @user_script:1: @user_script: 1: "
                  "-READONLY You can't write against a read only replica.",
                  ErrorKind::kReadOnly, absl::StatusCode::kUnavailable},
        ErrorCase{"ERR The user executing the script can't run this command or subcommand script",
                  ErrorKind::kNoPermission, absl::StatusCode::kPermissionDenied},
        ErrorCase{"OOM command not allowed when used memory > 'maxmemory'. script: ab12, on "
                  "@user_script:1.",
                  ErrorKind::kOutOfMemory, absl::StatusCode::kResourceExhausted},
        ErrorCase{"ERR syntax error", ErrorKind::kUnknown, absl::StatusCode::kInternal},
        ErrorCase{"BUSYGROUP Consumer Group name already exists", ErrorKind::kUnknown,
                  absl::StatusCode::kInternal},
        ErrorCase{"", ErrorKind::kUnknown, absl::StatusCode::kInternal}));

TEST(ErrorReplyTest, OnlyThePartThatFitsIsShown) {
  const auto status = ErrorToStatus("ERR " + std::string(100'000, 'x'));
  EXPECT_LT(MessageOf(status).size(), 500u);
}

TEST(ErrorReplyTest, ArgumentsAreNotShown) {
  const auto status =
      ErrorToStatus("ERR unknown command 'AUTH', with args beginning with: 'app' 'secret' ");
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("'AUTH'"));
  EXPECT_EQ(MessageOf(status).find("secret"), std::string_view::npos) << status;
}

TEST(ErrorReplyTest, WhatIsNoTextIsEscaped) {
  const auto status = ErrorToStatus("ERR \x1b[2J");
  EXPECT_EQ(MessageOf(status).find('\x1b'), std::string_view::npos) << status;
}

}  // namespace
}  // namespace srsproxy::redis
