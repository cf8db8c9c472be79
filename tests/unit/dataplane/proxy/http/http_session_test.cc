#include "dataplane/proxy/http/http_session.h"

#include "dataplane/proxy/http/cluster_route.h"
#include "dataplane/proxy/http/live_play.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

const Script kClient = {{.send = "GET /live/cam.flv HTTP/1.1\r\nHo"},
                        {.send = "st: v.com\r\nConnection: close\r\n\r\n"},
                        {.until = "\r\n\r\n"},
                        {.until = "MEDIA1"},
                        {.until = "MEDIA2"}};
const Script kOrigin = {{.until = "\r\n\r\n"},
                        {.send = "HTTP/1.1 200 OK\r\nContent-Ty"},
                        {.send = "pe: video/x-flv\r\n\r\nMEDIA1"},
                        {.send = "MEDIA2"}};

class Open final : public Authorizer {
 public:
  bool enforced() const override { return false; }
  absl::Status Check(const AccessRequest&) override { return absl::OkStatus(); }
};

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

class HttpSessionTest : public SessionFixture {
 protected:
  net::Task<void> ServeClient(const HttpSite& site, net::Incoming client, net::CancelScope& scope) {
    HttpSession session(needs_, scope, site, Listener::kHttp, std::move(client), tls_);
    co_await session.Run();
  }
  Serve serve(const HttpSite& site) {
    return [this, &site](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(site, std::move(client), scope);
    };
  }
  void RegisterOrigin() {
    OriginRegistration registration;
    registration.ip = "127.0.0.1";
    registration.server = "o";
    registration.service = "s";
    registration.pid = "1";
    registration.rtmp = registration.api = {{Transport::kTcp, "", origin_port()}};
    ASSERT_TRUE(registry_.Register(std::move(registration), "test").ok());
  }
  void EndRest() override { EXPECT_EQ(cluster_requests_.used(), 0U) << "a slot is taken"; }

  net::TlsContext tls_;  // Null: the client speaks none.
  Open open_;
  SessionLimit cluster_requests_{1};
  LiveRoute live_{upstream_};
  const ClusterApiNeeds cluster_needs_{upstream_, open_, cluster_requests_};
  ClusterRoute cluster_{cluster_needs_};
  const HttpSessionNeeds needs_{config_, context_, table_};
  const HttpSite media_{
      .methods = "GET, HEAD, OPTIONS", .routes = {&live_}, .not_found = "no such path here"};
  const HttpSite api_{.methods = "GET, DELETE, OPTIONS",
                      .bodies = true,
                      .routes = {&cluster_},
                      .not_found = "no such path"};
};

TEST_F(HttpSessionTest, ALiveStreamComesThrough) {
  const auto heard = Run(serve(media_), {kClient}, {kOrigin, kOrigin.size(), Leaving::kCloses});
  EXPECT_THAT(heard, HasSubstr("MEDIA1MEDIA2"));
}

TEST_F(HttpSessionTest, ALiveStreamEndsWhoeverLeavesWhen) {
  RunAllEnds(serve(media_), kClient, kOrigin);
}

TEST_F(HttpSessionTest, ALiveStreamOverTlsEndsWhoeverLeavesWhen) {
  tls_ = UseTls();
  const auto heard = Run(serve(media_), {kClient}, {kOrigin, kOrigin.size(), Leaving::kCloses});
  EXPECT_THAT(heard, HasSubstr("MEDIA1MEDIA2"));
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
  const auto heard = Run(serve(media_), {client}, {origin, origin.size(), Leaving::kCloses});
  EXPECT_THAT(heard, HasSubstr("FRAME2"));
  RunAllEnds(serve(media_), client, origin);
}

// A client that is still silent may be idle; a live stream that has begun may pause.
TEST_F(HttpSessionTest, APeerThatStallsMissesItsDeadline) {
  RunAllStalls(serve(media_), kClient, {1}, kOrigin, {0, 1, 2});
  EXPECT_THAT(Run(serve(media_), {kClient, 1}, {}), HasSubstr("HTTP/1.1 408"));
  EXPECT_THAT(Run(serve(media_), {kClient}, {kOrigin, 1}), HasSubstr("HTTP/1.1 504"));
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

TEST_F(HttpSessionTest, TheClustersApiEndsWhoeverLeavesWhen) {
  RegisterOrigin();
  const std::string body = R"({"code":0,"server":"s","streams":[]})";
  const Script client = {{.send = "GET /api/v1/streams HTTP/1.1\r\nHost: v.com\r\n"},
                         {.send = "Connection: close\r\n\r\n"},
                         {.until = "HTTP/1.1 "}};
  const Script origin = {{.until = "\r\n\r\n"},
                         {.send = "HTTP/1.1 200 OK\r\nContent-Length: "},
                         {.send = std::to_string(body.size()) + "\r\n\r\n" + body}};
  EXPECT_THAT(Run(serve(api_), {client}, {origin}), HasSubstr("200 OK"));
  RunAllEnds(serve(api_), client, origin);
}

}  // namespace
}  // namespace srsproxy::testing
