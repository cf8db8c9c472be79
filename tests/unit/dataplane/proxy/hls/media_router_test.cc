#include "dataplane/proxy/hls/media_router.h"

#include "dataplane/directory/memory_session_index.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "dataplane/proxy/hls/hls_playlist.h"
#include "dataplane/proxy/hls/hls_segment.h"
#include "dataplane/proxy/http/http_session.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

Script ClientAsks(const std::string& target) {
  return {{.send = "GET " + target + " HTTP/1.1\r\nHost: v.com\r\n"},
          {.send = "Connection: close\r\n\r\n"},
          {.until = "HTTP/1.1 "}};
}

Script OriginSends(const std::string& body) {
  return {{.until = "\r\n\r\n"},
          {.send = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size())},
          {.send = "\r\n\r\n" + body.substr(0, body.size() / 2)},
          {.send = body.substr(body.size() / 2)}};
}

const Script kPlaylist = OriginSends(
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-TARGETDURATION:2\n"
    "#EXTINF:2.0,\ncam-1.ts\n");
const Script kSegment = OriginSends("SEGMENT OF MEDIA");

class MediaRouterTest : public SessionFixture {
 protected:
  MediaRouterTest() { index_.PutHls("abc", {"v.com", "live", "cam"}); }

  net::Task<void> ServeClient(net::Incoming client, net::CancelScope& scope) {
    HttpSession session(needs_, scope, site_, Listener::kHttp, std::move(client), nullptr);
    co_await session.Run();
  }
  Serve serve() {
    return [this](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(std::move(client), scope);
    };
  }
  // Viewers stay for a while after their last request.
  void EndRest() override { viewers_.EndAll(absl::OkStatus()); }

  HlsSessions viewers_{clock_, logger_, metrics_, metrics_.AddWorker()};
  MemorySessionIndex index_{clock_};
  MemoryStreamDirectory streams_{clock_, 10};
  const HlsNeeds hls_{upstream_, viewers_, index_};
  MediaRouter router_{hls_, streams_};
  const HttpSessionNeeds needs_{config_, context_, table_};
  const HttpSite site_{
      .methods = "GET, HEAD, OPTIONS", .routes = {&router_}, .not_found = "no such path"};
};

TEST_F(MediaRouterTest, APlaylistLeadsBackHere) {
  const auto heard = Run(serve(), {ClientAsks("/live/cam.m3u8")}, {kPlaylist});
  EXPECT_THAT(heard, HasSubstr("cam-1.ts?spbhid="));
}

TEST_F(MediaRouterTest, APlaylistEndsWhoeverLeavesWhen) {
  RunAllEnds(serve(), ClientAsks("/live/cam.m3u8"), kPlaylist);
}

TEST_F(MediaRouterTest, ASegmentComesThrough) {
  const auto heard = Run(serve(), {ClientAsks("/live/cam-1.ts?spbhid=abc")}, {kSegment});
  EXPECT_THAT(heard, HasSubstr("SEGMENT OF MEDIA"));
}

TEST_F(MediaRouterTest, ASegmentEndsWhoeverLeavesWhen) {
  RunAllEnds(serve(), ClientAsks("/live/cam-1.ts?spbhid=abc"), kSegment);
}

}  // namespace
}  // namespace srsproxy::testing
