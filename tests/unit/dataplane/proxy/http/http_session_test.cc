#include "dataplane/proxy/http/http_session.h"

#include "dataplane/proxy/http/live_play.h"
#include "tests/unit/dataplane/proxy/http_session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Script kClient = {{.send = "GET /live/cam.flv HTTP/1.1\r\nHo"},
                        {.send = "st: v.com\r\nConnection: close\r\n\r\n"},
                        {.until = "\r\n\r\n"},
                        {.until = "MEDIA1"},
                        {.until = "MEDIA2"}};
const Script kOrigin = {{.until = "\r\n\r\n"},
                        {.send = "HTTP/1.1 200 OK\r\nContent-Ty"},
                        {.send = "pe: video/x-flv\r\n\r\nMEDIA1"},
                        {.send = "MEDIA2"}};

// Everything is a live stream.
class LiveRoute final : public HttpRoute {
 public:
  explicit LiveRoute(const UpstreamNeeds& upstream) : upstream_(upstream) {}
  net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) override {
    if (request.target == "/nothing") co_return std::monostate();
    StreamKey key{"v.com", "live", "cam"};
    co_return std::make_unique<LivePlay>(upstream_, client, std::move(request), std::move(key));
  }

 private:
  const UpstreamNeeds& upstream_;
};

class HttpSessionTest : public HttpSessionFixture {
 protected:
  LiveRoute live_{upstream_};
  const HttpSite media_{
      .methods = "GET, HEAD, OPTIONS", .routes = {&live_}, .not_found = "no such path here"};
};

TEST_F(HttpSessionTest, ALiveStreamComesThrough) {
  const auto received = Run(serve(media_), {kClient}, {kOrigin, kOrigin.size(), Leaving::kCloses});
  EXPECT_THAT(received, HasSubstr("MEDIA1MEDIA2"));
}

TEST_F(HttpSessionTest, ALiveStreamEndsWhoeverLeavesWhen) {
  RunAllEnds(serve(media_), kClient, kOrigin);
}

TEST_F(HttpSessionTest, ALiveStreamOverTlsEndsWhoeverLeavesWhen) {
  tls_ = UseServerTls();
  const auto received = Run(serve(media_), {kClient}, {kOrigin, kOrigin.size(), Leaving::kCloses});
  EXPECT_THAT(received, HasSubstr("MEDIA1MEDIA2"));
  RunAllEnds(serve(media_), kClient, kOrigin);
}

TEST_F(HttpSessionTest, AWebSocketEndsWhoeverLeavesWhen) {
  const Script client = {{.send = "GET /live/cam.flv HTTP/1.1\r\nHost: v.com\r\n"},
                         {.send = "Connection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"},
                         {.until = "HTTP/1.1 101"},
                         {.until = "FRAME1"},
                         {.send = "PONG"},
                         {.until = "FRAME2"}};
  const Script origin = {{.until = "\r\n\r\n"},
                         {.send = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"},
                         {.send = "Upgrade: websocket\r\n\r\nFRAME1"},
                         {.until = "PONG"},
                         {.send = "FRAME2"}};
  const auto received = Run(serve(media_), {client}, {origin, origin.size(), Leaving::kCloses});
  EXPECT_THAT(received, HasSubstr("FRAME2"));
  RunAllEnds(serve(media_), client, origin);
}

// A client that is still silent may be idle; a live stream that has begun may pause.
TEST_F(HttpSessionTest, APeerThatStallsMissesItsDeadline) {
  RunAllStalls(serve(media_), kClient, {1}, kOrigin, {0, 1, 2});
  EXPECT_THAT(Run(serve(media_), {kClient, 1}, {}), HasSubstr("HTTP/1.1 408"));
  EXPECT_THAT(Run(serve(media_), {kClient}, {kOrigin, 1}), HasSubstr("HTTP/1.1 504"));
}

TEST_F(HttpSessionTest, AViewerThatStopsReadingMissesItsDeadline) {
  ShortenTimeouts();
  Script origin = kOrigin;
  origin.push_back({.send = std::string(400'000, 'x') + "MEDIA3"});
  const auto received = Run(serve(media_), {kClient, 4, Leaving::kStopsReading}, {origin});
  EXPECT_THAT(received, HasSubstr("MEDIA1"));
  EXPECT_THAT(received, Not(HasSubstr("MEDIA3")));
  EXPECT_THAT(metrics_.Serialize(), ::testing::ContainsRegex("sessions_total.*timeout.* 1\n"));
}

TEST_F(HttpSessionTest, WhatNoRouteTakesIsNotFoundAndTheConnectionGoesOn) {
  const Script client = {{.send = "GET /nothing HTTP/1.1\r\nHost: v.com\r\n\r\n"},
                         {.until = "no such path here"},
                         {.send = "OPTIONS / HTTP/1.1\r\nHost: v.com\r\n\r\n"},
                         {.until = "HTTP/1.1 204"},
                         {.send = "POST /live/cam.flv HTTP/1.1\r\nHost: v.com\r\n\r\n"},
                         {.until = "HTTP/1.1 405"}};
  RunAllEnds(serve(media_), client, {});
}

}  // namespace
}  // namespace srsproxy::testing
