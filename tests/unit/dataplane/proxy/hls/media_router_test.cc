#include "dataplane/proxy/hls/media_router.h"

#include "dataplane/directory/memory_session_index.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "dataplane/proxy/hls/hls_playlist.h"
#include "dataplane/proxy/hls/hls_segment.h"
#include "tests/unit/dataplane/proxy/http_session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

const std::string kEnd = "the end";
const std::string kMedia =
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-TARGETDURATION:2\n"
    "#EXTINF:2.0,\ncam-1.ts\n";
const Script kPlaylist = HttpResponseScript(kMedia + "# the end\n");
// A player that polls gets what this leads to.
const Script kMaster =
    HttpResponseScript("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/live/cam.m3u8?hls_ctx=def\n");

Script InTurn(Script first, const Script& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct Request {
  std::string name;
  std::string target;
  Script origin;
  std::string receives;
};

const Request kRequests[] = {
    {"a playlist", "/live/cam.m3u8", kPlaylist, "cam-1.ts?spbhid="},
    {"a playlist behind a master playlist", "/live/cam.m3u8?hls_ctx=abc",
     InTurn(kMaster, kPlaylist), "cam-1.ts?spbhid="},
    {"a redirect", "/live/cam.m3u8",
     HttpResponseScript("not here: the end",
                        "302 Found\r\nLocation: /live/cam.m3u8?hls_ctx=abc\r\n"),
     "Location: /live/cam.m3u8?hls_ctx=abc"},
    {"a segment", "/live/cam-1.ts?spbhid=abc", HttpResponseScript("SEGMENT OF MEDIA: the end"),
     "SEGMENT OF MEDIA"},
};

class MediaRouterTest : public HttpAndHttpsFixture {
 protected:
  MediaRouterTest() { index_.PutHls("abc", {"v.com", "live", "cam"}); }

  // Within its last response.
  static std::vector<Fault> FaultsOf(const Request& request) {
    const size_t before = request.origin.size() - kPlaylist.size();
    // What has come of a segment has been passed on.
    const bool passed = request.name == "a segment";
    return {{"nothing", before, "HTTP/1.1 502", "HTTP/1.1 504"},
            {"the request", before + 1, "HTTP/1.1 502", "HTTP/1.1 504"},
            {"a part of its head", before + 2, "HTTP/1.1 502", "HTTP/1.1 504"},
            {"a part of its body", before + 3, passed ? "SEGMENT" : "HTTP/1.1 502",
             passed ? "SEGMENT" : "HTTP/1.1 504"}};
  }
  // Viewers stay for a while after their last request.
  void EndRest() override { viewers_.EndAll(absl::OkStatus()); }

  HlsSessions viewers_{clock_, logger_, metrics_, metrics_.AddWorker()};
  MemorySessionIndex index_{clock_};
  MemoryStreamDirectory streams_{clock_, 10};
  const HlsNeeds hls_{upstream_, viewers_, index_};
  MediaRouter router_{hls_, streams_};
  const HttpSite site_{
      .methods = "GET, HEAD, OPTIONS", .routes = {&router_}, .not_found = "no such path"};
};

INSTANTIATE_TEST_SUITE_P(, MediaRouterTest, ::testing::Bool(), HttpAndHttpsFixture::NameOf);

TEST_P(MediaRouterTest, WhatTheOriginHasComesThrough) {
  for (const auto& [name, target, origin, receives] : kRequests) {
    SCOPED_TRACE(name);
    const auto received = Run(serve(site_), {HttpRequestScript(target)}, {origin});
    EXPECT_THAT(received, HasSubstr(receives));
    EXPECT_THAT(received, HasSubstr(kEnd));
  }
}

TEST_P(MediaRouterTest, EndsWhoeverLeavesWhen) {
  for (const auto& [name, target, origin, receives] : kRequests) {
    SCOPED_TRACE(name);
    RunAllEnds(serve(site_), HttpRequestScript(target), origin);
  }
}

TEST_P(MediaRouterTest, AnOriginThatClosesIsReported) {
  for (const Request& request : kRequests) {
    SCOPED_TRACE(request.name);
    RunOriginCloses(serve(site_), HttpRequestScript(request.target), request.origin,
                    FaultsOf(request), kEnd);
  }
}

TEST_P(MediaRouterTest, AnOriginThatStallsIsReported) {
  for (const Request& request : kRequests) {
    SCOPED_TRACE(request.name);
    RunOriginStalls(serve(site_), HttpRequestScript(request.target), request.origin,
                    FaultsOf(request), kEnd);
  }
}

TEST_P(MediaRouterTest, AClientThatStallsMissesItsDeadline) {
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += "# " + std::string(1000, 'x') + "\n";
  RunClientStalls(serve(site_), "/live/cam.m3u8", HttpResponseScript(kMedia + lines + "# the end"),
                  "HTTP/1.1 413", kEnd);
  RunClientStalls(serve(site_), "/live/cam-1.ts?spbhid=abc", HttpResponseScript(lines + "the end"),
                  "HTTP/1.1 413", kEnd);
}

}  // namespace
}  // namespace srsproxy::testing
