#include "dataplane/proxy/rtmp/connection_end.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using rtmp::BridgeState;
using ::testing::HasSubstr;

TEST(ConnectionEndTest, WhatAClientHasDoneWrong) {
  const auto error_of = [](absl::Status why, BridgeState phase = BridgeState::kAwaitingRequest) {
    return ClientErrorOf(why, phase, /*left_in_handshake=*/false);
  };
  EXPECT_EQ(error_of(absl::DeadlineExceededError("")), ClientError::kTimeout);
  EXPECT_EQ(error_of(absl::OutOfRangeError("")), ClientError::kTooLarge);
  const auto invalid = absl::InvalidArgumentError("");
  EXPECT_EQ(error_of(invalid, BridgeState::kHandshake), ClientError::kWrongProtocol);
  EXPECT_EQ(error_of(invalid, BridgeState::kSelecting), ClientError::kBadName);
  EXPECT_EQ(error_of(invalid, BridgeState::kRelaying), ClientError::kMalformed);
  EXPECT_EQ(error_of(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(error_of(absl::UnavailableError("")), std::nullopt);
  EXPECT_EQ(ClientErrorOf(absl::OkStatus(), BridgeState::kHandshake, true),
            ClientError::kHandshake);
}

TEST(ConnectionEndTest, AHealthCheckIsLoggedForDebuggingOnly) {
  std::vector<std::string> lines;
  {
    const Logger logger({.sink = [&lines](std::string_view line) { lines.emplace_back(line); }});
    LogUnnamedConnection(logger, {.client = "10.0.0.9:1", .silent = true}, Side::kClient,
                         absl::OkStatus());
    LogUnnamedConnection(logger, {.client = "10.0.0.9:2", .bytes_in = 7}, Side::kClient,
                         absl::OkStatus());
    LogUnnamedConnection(logger, {.client = "10.0.0.9:3", .silent = true}, Side::kProxy,
                         absl::CancelledError("stops"));
  }  // Which has written all.
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("10.0.0.9:2"));
  EXPECT_THAT(lines[1], HasSubstr("10.0.0.9:3"));
}

}  // namespace
}  // namespace srsproxy
