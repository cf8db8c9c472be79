// Which requests are HLS, and of which stream.

#include "dataplane/proxy/hls/hls_route.h"

#include <ostream>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

std::string_view NameOf(MediaKind kind) {
  switch (kind) {
    case MediaKind::kNone:
      return "none";
    case MediaKind::kLive:
      return "live";
    case MediaKind::kPlaylist:
      return "playlist";
    case MediaKind::kSegment:
      return "segment";
  }
  return "?";
}

struct Row {
  const char* name;
  const char* target;
  const char* route;       // Kind and stream.
  const char* of_id = "";  // The stream that the request's id stands for.
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

const Row kRows[] = {
    {"flv", "/live/cam.flv", "live live/cam"},
    {"flv with an id", "/live/cam.flv?spbhid=x", "live live/cam", "live/other"},
    {"ts of a known stream", "/live/cam.ts", "live live/cam"},
    {"ts of an unknown stream", "/live/new.ts", "live live/new"},
    {"mp3 and aac likewise", "/live/new.aac", "live live/new"},
    {"playlist of a known stream", "/live/cam.m3u8", "playlist live/cam"},
    {"playlist of an unknown stream", "/live/new.m3u8", "playlist live/new"},
    {"playlist by id", "/live/cam_720p.m3u8?spbhid=x", "playlist live/other", "live/other"},
    {"variant beside the stream", "/live/cam_720p.m3u8", "playlist live/cam"},
    {"variant in a folder", "/live/cam_720p/index.m3u8", "playlist live/cam"},
    {"variant deeper", "/live/cam/720p/index.m3u8", "playlist live/cam"},
    {"nested playlist", "/live/cam/index.m3u8", "playlist live/cam"},
    {"segment by id", "/live/what-3.ts?spbhid=x", "segment live/other", "live/other"},
    {"segment by an unknown id", "/live/cam-3.ts?spbhid=x", "segment live/cam"},
    {"segment by context", "/live/cam-3.ts?hls_ctx=x", "segment live/cam"},
    {"segment by path", "/live/cam-3.ts", "segment live/cam"},
    {"segment in a folder", "/live/cam/3.ts", "segment live/cam"},
    {"segment of a variant", "/live/cam_720p/3.ts", "segment live/cam"},
    {"longest known stream", "/live/cam-2-17.ts", "segment live/cam-2"},
    {"exactly a stream that looks like a segment", "/live/cam-2.ts", "live live/cam-2"},
    {"but not with a context", "/live/cam-2.ts?hls_ctx=x", "segment live/cam-2"},
    {"letters behind a name are another name", "/live/camera.ts", "live live/camera"},
    {"digits behind a name are another name", "/live/cam12.ts", "live live/cam12"},
    {"m4s", "/live/cam/init.m4s", "segment live/cam"},
    {"mp4", "/live/cam_init.mp4", "segment live/cam"},
    {"key by id", "/live/secret?spbhid=x", "segment live/cam", "live/cam"},
    {"a key deeper", "/live/keys/secret?spbhid=x", "segment live/cam", "live/cam"},
    {"a key of a known stream", "/live/cam/secret?hls_ctx=x", "segment live/cam"},
    {"a key in another folder", "/keys/secret?spbhid=x", "none", "live/cam"},
    {"a file with an unknown id", "/live/secret?spbhid=x", "none"},
    {"an origin's API", "/api/v1/clients?hls_ctx=x", "none"},
    {"an origin's API, with an id", "/api/v1/clients?spbhid=x", "none", "live/cam"},
    {"an origin's API, published to", "/api/v1/clients?spbhid=x", "none", "api/v1/clients"},
    {"escapes change nothing", "/%61pi/v1/clients?spbhid=x", "none", "api/v1/clients"},
    {"key by path", "/live/cam.key", "segment live/cam"},
    {"subtitles", "/live/cam/3.vtt", "segment live/cam"},
    {"of no stream", "/films/one.mp4", "none"},
    {"a file", "/index.html", "none"},
    {"a script", "/live/cam.js", "none"},
    {"no app", "/x.mp4", "none"},
    {"unknown, numbered", "/live/new-17.ts?spbhid=x", "segment live/new"},
    {"unknown, in a folder", "/live/new/17.ts?spbhid=x", "segment live/new"},
    {"unknown, without a number", "/live/new.key?spbhid=x", "segment live/new"},
    {"unknown, nothing but an extension", "/live/.m4s?spbhid=x", "segment live/.m4s"},
    {"unknown, nothing but a number", "/live/17.ts?spbhid=x", "segment live/17"},
    {"app of two levels", "/a/b/cam-1.ts", "segment a/b/cam"},
};

class HlsRoute : public testing::TestWithParam<Row> {};

TEST_P(HlsRoute, IsFound) {
  const std::set<std::string> known{"live/cam", "live/cam-2", "a/b/cam"};
  const auto is_known = [&](const StreamKey& key) {
    return known.contains(key.app + "/" + key.stream);
  };
  const Row& row = GetParam();
  const VhostPolicy vhosts;
  MediaRequest request{"a.example.com", row.target, vhosts, std::nullopt};
  const std::string of_id = row.of_id;
  if (!of_id.empty()) {
    const size_t slash = of_id.rfind('/');
    request.key_of_id = StreamKey{"v", of_id.substr(0, slash), of_id.substr(slash + 1)};
  }
  const auto route = RouteMedia(request, is_known);
  ASSERT_TRUE(route.ok()) << route.status();
  std::string text(NameOf(route->kind));
  if (route->kind != MediaKind::kNone) text += " " + route->key.app + "/" + route->key.stream;
  EXPECT_EQ(text, row.route);
}

INSTANTIATE_TEST_SUITE_P(Rows, HlsRoute, testing::ValuesIn(kRows));

TEST(HlsRouteTest, ANameThatIsNoneIsTheClientsFault) {
  const VhostPolicy vhosts;
  const auto nothing = [](const StreamKey&) { return false; };
  for (const char* target : {"/one.m3u8", "/one.flv", "/.m3u8"}) {
    const auto route = RouteMedia({"a", target, vhosts, std::nullopt}, nothing);
    EXPECT_TRUE(absl::IsInvalidArgument(route.status())) << target;
  }
}

TEST(HlsRouteTest, APathThatClimbsIsTheClientsFault) {
  const VhostPolicy vhosts;
  const auto all = [](const StreamKey&) { return true; };
  const StreamKey cam{"v", "live", "cam"};
  for (const char* target :
       {"/live/../api/x.ts", "/live/%2e%2E/x.ts", "/live/..%2fx.ts", "/live/..%5Cx.ts",
        "/live/%00.ts", "/live/a%0ab.ts", "/live/./x", "/live/cam.m3u8/.."}) {
    for (const char* query : {"?spbhid=x", "?hls_ctx=x"}) {
      const auto route = RouteMedia({"a", std::string(target) + query, vhosts, cam}, all);
      EXPECT_TRUE(absl::IsInvalidArgument(route.status())) << target << query;
    }
  }
}

TEST(HlsRouteTest, ALongPathCostsFewLookUps) {
  std::string target = "/live/";
  for (int i = 0; i < 200; ++i) target += "a-";
  int look_ups = 0;
  const auto count = [&](const StreamKey&) {
    ++look_ups;
    return false;
  };
  const VhostPolicy vhosts;
  EXPECT_TRUE(RouteMedia({"a", target + "1.ts", vhosts, std::nullopt}, count).ok());
  EXPECT_LE(look_ups, 40);
}

}  // namespace
}  // namespace srsproxy
