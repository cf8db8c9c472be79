#include "dataplane/core/session.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(SessionIdTest, IsShortAndUnique) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewSessionId();
    EXPECT_EQ(id.size(), 12u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 1000u);
}

struct ReasonCase {
  const char* name;
  absl::Status status;
  EndReason reason;
};

class EndReasonTest : public ::testing::TestWithParam<ReasonCase> {};

TEST_P(EndReasonTest, FollowsFromTheStatus) {
  EXPECT_EQ(EndReasonOf(GetParam().status), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Statuses, EndReasonTest,
    ::testing::Values(ReasonCase{"ok", absl::OkStatus(), EndReason::kClosed},
                      ReasonCase{"malformed", absl::InvalidArgumentError(""), EndReason::kBadInput},
                      ReasonCase{"refused", absl::PermissionDeniedError(""), EndReason::kRefused},
                      ReasonCase{"slow", absl::DeadlineExceededError(""), EndReason::kTimeout},
                      ReasonCase{"limit", absl::ResourceExhaustedError(""), EndReason::kLimit},
                      ReasonCase{"stopping", absl::CancelledError(""), EndReason::kShutdown},
                      ReasonCase{"kicked", absl::AbortedError(""), EndReason::kKicked},
                      ReasonCase{"origin_away", OriginFailure(absl::StatusCode::kUnavailable, ""),
                                 EndReason::kUnreachable},
                      ReasonCase{"no_origin", ProxyFailure(absl::StatusCode::kUnavailable, ""),
                                 EndReason::kNoOrigin},
                      ReasonCase{"fault", absl::InternalError(""), EndReason::kInternal}),
    [](const auto& test) { return test.param.name; });

TEST(SessionEndTest, IsLoggedInOneLine) {
  std::vector<std::string> lines;
  LogOptions options;
  options.redact = {"token"};
  options.sink = [&](std::string_view line) { lines.emplace_back(line); };
  {
    const Logger logger(options);
    LogSessionEnd(logger, {.id = "abc",
                           .protocol = Protocol::kRtmp,
                           .role = Role::kPublisher,
                           .stream = "v/live/s",
                           .origin = "origin1",
                           .client = "192.0.2.1:5000",
                           .bytes_in = 1000,
                           .bytes_out = 20,
                           .duration = absl::Milliseconds(61234) + absl::Nanoseconds(1),
                           .side = Side::kOrigin,
                           .reason = EndReason::kRefused,
                           .message = "no: s?token=x"});
  }
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0],
              ::testing::EndsWith("INFO session ended id=abc protocol=rtmp role=publisher "
                                  "stream=v/live/s origin=origin1 client=192.0.2.1:5000 "
                                  "bytes_in=1000 bytes_out=20 duration_seconds=61.234 side=origin "
                                  "reason=refused detail=\"no: s?token=***\""));
}

}  // namespace
}  // namespace srsproxy
