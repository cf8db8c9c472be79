#include "controlplane/services/idempotency_cache.h"

#include <string>

#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "srsproxy/v1/origin_service.pb.h"
#include "srsproxy/v1/session_service.pb.h"
#include "tests/support/fake_clock.h"

namespace srsproxy::control {
namespace {

constexpr std::string_view kKick = "srsproxy.v1.SessionService/KickSessions";
constexpr std::string_view kOther = "srsproxy.v1.SessionService/Other";
constexpr std::string_view kCaller = "the token 'grafana'";

class IdempotencyCacheTest : public testing::Test {
 protected:
  static v1::KickSessionsRequest Request(const std::string& id, const std::string& message = "") {
    v1::KickSessionsRequest request;
    request.set_request_id(id);
    request.set_message(message);
    return request;
  }

  // True: it was answered before.
  absl::StatusOr<bool> Begin(const v1::KickSessionsRequest& request) {
    answer_.Clear();
    return memory_.Begin(kKick, kCaller, request, answer_);
  }

  void Answer(const v1::KickSessionsRequest& request, bool more) {
    v1::KickSessionsResponse response;
    response.set_more(more);
    memory_.End(kKick, kCaller, request, &response);
  }

  FakeClock clock_;
  IdempotencyCache memory_{clock_};
  v1::KickSessionsResponse answer_;
};

TEST_F(IdempotencyCacheTest, ARepetitionGetsTheFirstAnswer) {
  EXPECT_FALSE(*Begin(Request("a")));
  Answer(Request("a"), true);
  EXPECT_TRUE(*Begin(Request("a")));
  EXPECT_TRUE(answer_.more());
  EXPECT_FALSE(*Begin(Request("b"))) << "another id";
  EXPECT_FALSE(*memory_.Begin(kOther, kCaller, Request("a"), answer_)) << "another method";
  EXPECT_FALSE(*memory_.Begin(kKick, "anybody", Request("a"), answer_)) << "another caller";
}

TEST_F(IdempotencyCacheTest, WithoutAnIdNothingIsRemembered) {
  EXPECT_FALSE(*Begin(Request("")));
  Answer(Request(""), true);
  EXPECT_FALSE(*Begin(Request("")));
}

TEST_F(IdempotencyCacheTest, OneThatIsBeingAnsweredIsNotDoneTwice) {
  EXPECT_FALSE(*Begin(Request("a")));
  const auto again = Begin(Request("a")).status();
  EXPECT_TRUE(absl::IsAborted(again)) << again;
  EXPECT_EQ(ErrorInfoOf(again).reason(), "REQUEST_RUNNING");
}

TEST_F(IdempotencyCacheTest, AFailedCallMayBeRepeated) {
  EXPECT_FALSE(*Begin(Request("a")));
  memory_.End(kKick, kCaller, Request("a"), nullptr);
  EXPECT_FALSE(*Begin(Request("a")));
}

TEST_F(IdempotencyCacheTest, AnIdBelongsToOneRequest) {
  EXPECT_FALSE(*Begin(Request("a", "one")));
  Answer(Request("a", "one"), true);
  EXPECT_EQ(ErrorInfoOf(Begin(Request("a", "two")).status()).reason(), "REQUEST_ID_REUSED");
  EXPECT_TRUE(absl::IsInvalidArgument(Begin(Request(std::string(129, 'x'))).status()));
}

TEST_F(IdempotencyCacheTest, AMapIsTheSameInAnyOrder) {
  const auto update = [](bool backwards) {
    v1::UpdateOriginRequest request;
    request.set_request_id("a");
    auto& labels = *request.mutable_settings()->mutable_labels()->mutable_values();
    for (int i = 0; i < 20; ++i) labels[std::to_string(backwards ? 19 - i : i)] = "x";
    return request;
  };
  v1::UpdateOriginResponse response;
  ASSERT_FALSE(*memory_.Begin(kOther, kCaller, update(false), response));
  memory_.End(kOther, kCaller, update(false), &response);
  for (int i = 0; i < 20; ++i) {
    const auto again = memory_.Begin(kOther, kCaller, update(i % 2 == 0), response);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(*again);
  }
}

TEST_F(IdempotencyCacheTest, LargeAnswersLeaveSooner) {
  for (int i = 0; i < 3; ++i) {
    v1::KickSessionsResponse response;
    response.add_sessions()->set_id(std::string(30 << 20, 'x'));
    ASSERT_FALSE(*Begin(Request(std::to_string(i))));
    memory_.End(kKick, kCaller, Request(std::to_string(i)), &response);
  }
  EXPECT_TRUE(*Begin(Request("2")));
  EXPECT_TRUE(*Begin(Request("1")));
  EXPECT_FALSE(*Begin(Request("0")));
}

TEST_F(IdempotencyCacheTest, ForgetsAfterTenMinutes) {
  EXPECT_FALSE(*Begin(Request("a")));
  memory_.End(kKick, kCaller, Request("a"), nullptr);
  clock_.Advance(absl::Minutes(9));
  EXPECT_FALSE(*Begin(Request("a")));
  Answer(Request("a"), true);
  clock_.Advance(absl::Minutes(9));
  EXPECT_TRUE(*Begin(Request("a"))) << "what failed before it is no part of its age";
  clock_.Advance(absl::Minutes(1));
  EXPECT_FALSE(*Begin(Request("a")));
}

TEST_F(IdempotencyCacheTest, TheOldestLeaveFirst) {
  for (int i = 0; i <= 10'000; ++i) {
    const auto request = Request(std::to_string(i));
    ASSERT_FALSE(*Begin(request));
    Answer(request, true);
  }
  EXPECT_TRUE(*Begin(Request("1")));
  EXPECT_FALSE(*Begin(Request("0")));
}

}  // namespace
}  // namespace srsproxy::control
