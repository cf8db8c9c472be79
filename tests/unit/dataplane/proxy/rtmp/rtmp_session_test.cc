#include "dataplane/proxy/rtmp/rtmp_session.h"

#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {
namespace {

using rtmp::AmfNull;
using rtmp::AmfObject;
using rtmp::testing::Bytes;
using rtmp::testing::MessageBytes;
using rtmp::testing::Named;

constexpr size_t kPacket = 1536;

std::string Text(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

// As a command begins: an AMF0 string.
std::string NameOf(const std::string& command) {
  return std::string("\x02\x00", 2) + static_cast<char>(command.size()) + command;
}

std::string Media() {
  const std::string text = "\x27MEDIA";
  return Text(MessageBytes(rtmp::MessageType::kVideo, 1, Bytes(text.begin(), text.end()), 6));
}

// The handshake without digests, and all up to the client's command on its stream.
Script ClientSends(const rtmp::Command& command) {
  AmfObject about;
  about.properties = {{"app", "live"}, {"tcUrl", "rtmp://v.com/live"}};
  return {{.send = "\x03" + std::string(kPacket, '\0')},
          {.bytes = 1 + 2 * kPacket},
          {.send = std::string(kPacket, '\0')},
          {.send = Text(MessageBytes(Named("connect", 1, {about})))},
          {.until = NameOf("_result")},
          {.send = Text(MessageBytes(rtmp::CreateStream(2)))},
          {.until = NameOf("_result")},
          {.send = Text(MessageBytes(command, 1, 8))},
          {.until = NameOf("onStatus")}};
}

Script OriginAnswers(const std::string& command, const std::string& code) {
  return {{.bytes = 1 + kPacket},
          {.send = "\x03" + std::string(2 * kPacket, '\0')},
          {.bytes = kPacket},
          {.until = NameOf("connect")},
          {.send = Text(MessageBytes(rtmp::ConnectResult(1, 0)))},
          {.until = NameOf("createStream")},
          {.send = Text(MessageBytes(rtmp::CreateStreamResult(2, 1)))},
          {.until = NameOf(command)},
          {.send = Text(MessageBytes(rtmp::OnStatus("status", code, "it begins"), 1, 5))}};
}

// Each test is run with clients that speak TLS, and with clients that do not.
class RtmpSessionTest : public SessionFixture, public ::testing::WithParamInterface<bool> {
 protected:
  RtmpSessionTest() {
    if (GetParam()) tls_ = UseTls();
  }
  net::Task<void> ServeClient(net::Incoming client, net::CancelScope& scope) {
    RtmpSession session(needs_, scope, Listener::kRtmp, std::move(client));
    co_await session.Run(tls_);
  }
  Serve serve() {
    return [this](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(std::move(client), scope);
    };
  }

  const RtmpSessionNeeds needs_{config_, upstream_, table_, random_};
  net::TlsContext tls_;  // Null: the client speaks none.
};

INSTANTIATE_TEST_SUITE_P(, RtmpSessionTest, ::testing::Bool(),
                         [](const auto& over_tls) { return over_tls.param ? "Rtmps" : "Rtmp"; });

struct Roles {
  Script client;
  Script origin;
};

Roles Plays() {
  Roles roles{ClientSends(Named("play", 0, {AmfNull{}, "cam"})),
              OriginAnswers("play", "NetStream.Play.Start")};
  roles.origin.push_back({.send = Media()});
  roles.client.push_back({.until = "MEDIA"});
  return roles;
}

Roles Publishes() {
  Roles roles{ClientSends(Named("publish", 3, {AmfNull{}, "cam", "live"})),
              OriginAnswers("publish", "NetStream.Publish.Start")};
  roles.client.push_back({.send = Media()});
  roles.origin.push_back({.until = "MEDIA"});
  return roles;
}

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
  const Script origin = {{.bytes = 1 + kPacket}, {.send = "HTTP/1.1 400 Bad Request\r\n\r\n"}};
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
