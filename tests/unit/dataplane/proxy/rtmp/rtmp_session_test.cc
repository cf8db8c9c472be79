#include "dataplane/proxy/rtmp/rtmp_session.h"

#include "tests/unit/dataplane/proxy/rtmp/rtmp_scripts.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {
namespace {

using rtmp::AmfNull;
using rtmp::testing::ClientSends;
using rtmp::testing::kHandshakePacket;
using rtmp::testing::Named;
using rtmp::testing::Plays;
using rtmp::testing::Publishes;

// Each test is run with clients that speak TLS, and with clients that do not.
class RtmpSessionTest : public SessionFixture, public ::testing::WithParamInterface<bool> {
 protected:
  RtmpSessionTest() {
    if (GetParam()) tls_ = UseServerTls();
  }
  net::Task<void> ServeClient(net::Incoming client, net::CancelScope& scope) {
    RtmpSession session(needs_, scope, Listener::kRtmp, std::move(client));
    co_await session.Run(tls_);
  }
  Front serve() {
    return Serving([this](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(std::move(client), scope);
    });
  }

  const RtmpSessionNeeds needs_{config_, upstream_, table_, random_};
  net::TlsContext tls_;  // Null: the client speaks none.
};

INSTANTIATE_TEST_SUITE_P(, RtmpSessionTest, ::testing::Bool(),
                         [](const auto& over_tls) { return over_tls.param ? "Rtmps" : "Rtmp"; });

TEST_P(RtmpSessionTest, APlayerGetsItsMedia) {
  const auto [client, origin] = Plays();
  const auto received = Run(serve(), {client, client.size(), Leaving::kCloses}, {origin});
  EXPECT_THAT(received, ::testing::HasSubstr("MEDIA"));
  EXPECT_THAT(metrics_.Serialize(), ::testing::ContainsRegex("sessions_total.*viewer.* 1\n"));
}

TEST_P(RtmpSessionTest, APublishersMediaReachesTheOrigin) {
  const auto [client, origin] = Publishes();
  bool reached = false;
  Run(serve(), {client}, {origin, origin.size(), Leaving::kCloses, [&reached] { reached = true; }});
  EXPECT_TRUE(reached);
}

TEST_P(RtmpSessionTest, AnOriginThatSpeaksNoRtmpIsLeftAndCounted) {
  const Script client = ClientSends(Named("play", 0, {AmfNull{}, "cam"}));
  const Script origin = {{.bytes = 1 + kHandshakePacket},
                         {.send = "HTTP/1.1 400 Bad Request\r\n\r\n"}};
  const auto received = Run(serve(), {client}, {origin});
  EXPECT_THAT(received, ::testing::HasSubstr("could not be reached"));
  EXPECT_THAT(metrics_.Serialize(), ::testing::ContainsRegex("origin_failures_total.* 1\n"));
}

TEST_P(RtmpSessionTest, APlayEndsWhoeverLeavesWhen) {
  const auto [client, origin] = Plays();
  RunAllEnds(serve(), client, origin);
}

TEST_P(RtmpSessionTest, APublishEndsWhoeverLeavesWhen) {
  const auto [client, origin] = Publishes();
  RunAllEnds(serve(), client, origin);
}

// Until media flows: that may pause for as long as it likes.
TEST_P(RtmpSessionTest, APeerThatStallsMissesItsDeadline) {
  for (const auto& [client, origin] : {Plays(), Publishes()}) {
    RunAllStalls(serve(), client, {0, 1, 2, 3, 4, 5, 6, 7}, origin, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  }
}

TEST_P(RtmpSessionTest, AStalledClientIsCountedAsSlow) {
  ShortenTimeouts();
  const auto [client, origin] = Plays();
  Run(serve(), {client, 3}, {origin});
  EXPECT_THAT(metrics_.Serialize(),
              ::testing::ContainsRegex("client_errors_total\\{[^}]*timeout.* 1\n"));
}

TEST_P(RtmpSessionTest, AStalledOriginIsRefusedToTheClient) {
  ShortenTimeouts();
  const auto [client, origin] = Plays();
  const auto received = Run(serve(), {client}, {origin, 0});
  EXPECT_THAT(received, ::testing::HasSubstr("could not be reached"));
  EXPECT_THAT(metrics_.Serialize(), ::testing::ContainsRegex("origin_failures_total.* 1\n"));
}

}  // namespace
}  // namespace srsproxy::testing
