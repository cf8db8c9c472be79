#include "dataplane/proxy/upstream/http_request.h"

#include "tests/unit/dataplane/proxy/upstream/upstream_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;
using Pool = HttpRequest::Pool;

constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nBODY";
const Step kReadRequest{.until = "\r\n\r\n"};
const Script kAnswers{kReadRequest, {.send = kAnswer}};

class HttpRequestTest : public UpstreamFixture {
 protected:
  // Of an origin that closes after so many answers, at the next request.
  static Plan ClosesAfter(size_t answers) {
    Plan plan{.script = {}, .leaving = Leaving::kCloses};
    for (size_t i = 0; i < answers; ++i) {
      plan.script.insert(plan.script.end(), kAnswers.begin(), kAnswers.end());
    }
    plan.script.push_back(kReadRequest);
    return plan;
  }
  static HttpRequest::Limits Patient() {
    return {.connect = absl::Seconds(60),
            .write = absl::Seconds(60),
            .head = absl::Seconds(60),
            .max_body = 100};
  }
  void Make(const HttpRequest::Limits& limits) {
    connector_.emplace(upstream_, config_.Get(), "10.0.0.9:1000", HopList());
    request_.emplace(upstream_, limits);
  }
  static std::string TextFor(const Placement& placement) {
    return "GET /" + placement.origin->id + " HTTP/1.1\r\nHost: o\r\n\r\n";
  }
  net::Task<HttpRequest::Head> Picked(Pool pool = Pool::kUse) {
    return request_->SendPicked(*connector_, Wanted(), pool, "GET", TextFor);
  }
  net::Task<HttpRequest::Head> To(uint16_t port, Pool pool = Pool::kUse) {
    return request_->SendTo(At(port), pool, "GET", "GET /to HTTP/1.1\r\nHost: o\r\n\r\n");
  }
  absl::StatusOr<std::string> Body(const HttpRequest::Head& head,
                                   absl::Duration timeout = absl::Seconds(60)) {
    return Run(request_->ReadBody(*head, timeout));
  }
  // One request, after which its connection is pooled.
  void Pooled() {
    const auto head = Run(Picked());
    ASSERT_TRUE(head.ok()) << head.status();
    EXPECT_EQ(*Body(head), "BODY");
    ASSERT_EQ(connections_.size(), 1U);
  }

  std::optional<Connector> connector_{std::in_place, upstream_, config_.Get(), "10.0.0.9:1000",
                                      HopList()};
  std::optional<HttpRequest> request_{std::in_place, upstream_, Patient()};
};

TEST_F(HttpRequestTest, ReadsAHeadAndABodyAndPoolsTheConnection) {
  FakeOrigin& origin = Listen({ClosesAfter(2)});
  balancer_.Add("a", origin.port());
  Pooled();
  EXPECT_THAT(origin.received(0), HasSubstr("GET /a HTTP/1.1"));
  EXPECT_EQ(balancer_.leases, 1);
  EXPECT_NE(request_->TakeLease(), nullptr);
  EXPECT_EQ(request_->TakeLease(), nullptr);
  EXPECT_EQ(balancer_.leases, 0);
  Pooled();
  EXPECT_EQ(origin.accepted(), 1U);
}

TEST_F(HttpRequestTest, APooledConnectionThatHasGoneStaleIsReplacedOnce) {
  FakeOrigin& origin = Listen({ClosesAfter(1), {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  const auto head = Run(Picked());
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(*Body(head), "BODY");
  EXPECT_EQ(origin.accepted(), 2U);
  EXPECT_EQ(balancer_.picks, 2) << "one for each request";
  EXPECT_EQ(balancer_.leases, 1);
}

TEST_F(HttpRequestTest, ThereIsNoSecondRetry) {
  FakeOrigin& origin = Listen({ClosesAfter(1), ClosesAfter(0), {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  const auto head = Run(Picked());
  EXPECT_TRUE(absl::IsPermissionDenied(head.status())) << head.status();
  EXPECT_EQ(SideOf(head.status()), Side::kOrigin);
  EXPECT_EQ(origin.accepted(), 2U);
}

TEST_F(HttpRequestTest, WhatANewConnectionCarriedIsNotRepeated) {
  FakeOrigin& origin = Listen({ClosesAfter(0), {kAnswers}});
  balancer_.Add("a", origin.port());
  EXPECT_TRUE(absl::IsPermissionDenied(Run(Picked()).status()));
  EXPECT_EQ(origin.accepted(), 1U);
}

TEST_F(HttpRequestTest, WhatWasAnsweredInPartIsNotRepeated) {
  Plan breaks = ClosesAfter(1);
  breaks.script.push_back({.send = "HTTP/1.1 2"});
  FakeOrigin& origin = Listen({breaks, {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  EXPECT_FALSE(Run(Picked()).ok());
  EXPECT_EQ(origin.accepted(), 1U);
}

TEST_F(HttpRequestTest, WhatAStalledOriginMayHaveSeenIsNotRepeated) {
  Plan stalls = ClosesAfter(1);
  stalls.leaving = Leaving::kStays;
  FakeOrigin& origin = Listen({stalls, {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  auto hasty = Patient();
  hasty.head = absl::Milliseconds(50);
  Make(hasty);
  const auto head = Run(Picked());
  EXPECT_TRUE(absl::IsDeadlineExceeded(head.status())) << head.status();
  EXPECT_EQ(SideOf(head.status()), Side::kOrigin);
  EXPECT_EQ(origin.accepted(), 1U);
}

TEST_F(HttpRequestTest, AStaleConnectionOfAnOriginThatHasGoneLeadsToAnother) {
  FakeOrigin& one = Listen({ClosesAfter(1)});
  FakeOrigin& two = Listen({{kAnswers}});
  balancer_.Add("a", one.port());
  balancer_.Add("b", two.port());
  Pooled();
  one.StopListening();
  const auto head = Run(Picked());
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(request_->placement()->origin->id, "b");
  EXPECT_THAT(two.received(0), HasSubstr("GET /b HTTP/1.1"));
  EXPECT_EQ(balancer_.leases, 1);
}

TEST_F(HttpRequestTest, WithoutAPickAStaleConnectionIsReplacedOnceToo) {
  FakeOrigin& origin = Listen({ClosesAfter(1), ClosesAfter(1), ClosesAfter(0)});
  const auto first = Run(To(origin.port()));
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Body(first).ok());
  const auto second = Run(To(origin.port()));
  ASSERT_TRUE(second.ok()) << second.status();
  ASSERT_TRUE(Body(second).ok());
  EXPECT_EQ(origin.accepted(), 2U);
  EXPECT_TRUE(absl::IsPermissionDenied(Run(To(origin.port())).status()));
  EXPECT_EQ(origin.accepted(), 3U);
  EXPECT_TRUE(balancer_.reports.empty());
}

TEST_F(HttpRequestTest, OnceMoreGoesToTheOriginThatWasPicked) {
  FakeOrigin& origin = Listen({ClosesAfter(1), {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  const auto head =
      Run(request_->SendAgain(*connector_, "GET", "GET /again HTTP/1.1\r\nHost: o\r\n\r\n"));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(balancer_.picks, 1);
  EXPECT_THAT(origin.received(1), HasSubstr("GET /again"));
}

TEST_F(HttpRequestTest, NothingIsSentWhereNobodyListens) {
  auto hasty = Patient();
  hasty.connect = absl::Milliseconds(50);
  Make(hasty);
  EXPECT_TRUE(absl::IsUnavailable(Run(To(refusing())).status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(Run(To(silent())).status()));
}

TEST_F(HttpRequestTest, ABodyHasADeadline) {
  FakeOrigin& origin =
      Listen({{{kReadRequest, {.send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nB"}}}});
  const auto head = Run(To(origin.port()));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(Body(head, absl::Milliseconds(50)).status()));
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(HttpRequestTest, AllTogetherHasADeadline) {
  FakeOrigin& origin =
      Listen({{{kReadRequest, {.send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nB"}}}});
  auto hasty = Patient();
  hasty.whole = absl::Milliseconds(50);
  Make(hasty);
  const auto head = Run(To(origin.port()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(head.ok() ? Body(head).status() : head.status()));
}

TEST_F(HttpRequestTest, ABodyThatIsTooLongIsNotRead) {
  FakeOrigin& origin =
      Listen({{{kReadRequest, {.send = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"}}}});
  const auto head = Run(To(origin.port()));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(absl::IsResourceExhausted(Body(head).status()));
}

TEST_F(HttpRequestTest, ABodyThatBreaksOffIsNoBody) {
  Plan plan{{kReadRequest, {.send = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nB"}}};
  plan.leaving = Leaving::kCloses;
  FakeOrigin& origin = Listen({plan});
  const auto head = Run(To(origin.port()));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(absl::IsDataLoss(Body(head).status()));
}

TEST_F(HttpRequestTest, WhatIsNotToBeUsedAgainIsNotPooled) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nBODYand more"}) {
    FakeOrigin& origin = Listen({{{kReadRequest, {.send = answer}}}});
    const auto head = Run(To(origin.port()));
    ASSERT_TRUE(head.ok()) << head.status();
    EXPECT_EQ(*Body(head), "BODY");
    EXPECT_EQ(connections_.size(), 0U) << answer;
  }
}

TEST_F(HttpRequestTest, InformationalResponsesAreSkipped) {
  FakeOrigin origin(
      io(), {{{kReadRequest, {.send = "HTTP/1.1 100 Continue\r\n\r\n"}, {.send = kAnswer}}}});
  const auto head = Run(To(origin.port()));
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->status, 200U);
}

TEST_F(HttpRequestTest, WhatIsNoResponseIsTheOriginsFault) {
  FakeOrigin& origin = Listen({{{kReadRequest, {.send = "SSH-2.0-OpenSSH_9.2\r\n\r\n"}}}});
  const auto head = Run(To(origin.port()));
  EXPECT_TRUE(absl::IsDataLoss(head.status())) << head.status();
  EXPECT_EQ(SideOf(head.status()), Side::kOrigin);
}

TEST_F(HttpRequestTest, CancelledItIsNotRepeated) {
  Plan stalls = ClosesAfter(1);
  stalls.leaving = Leaving::kStays;
  FakeOrigin& origin = Listen({stalls, {kAnswers}});
  balancer_.Add("a", origin.port());
  Pooled();
  const auto head = Run(CancelWhile(Picked()));
  EXPECT_TRUE(absl::IsCancelled(head.status())) << head.status();
  EXPECT_EQ(origin.accepted(), 1U);
  EXPECT_EQ(balancer_.picks, 2);
}

TEST_F(HttpRequestTest, CancelledWhileItConnectsNothingIsLeft) {
  balancer_.Add("a", silent());
  EXPECT_TRUE(absl::IsCancelled(Run(CancelWhile(Picked())).status()));
  EXPECT_EQ(balancer_.leases, 0);
  EXPECT_TRUE(balancer_.reports.empty());
}

}  // namespace
}  // namespace srsproxy::testing
