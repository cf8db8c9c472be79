#include "dataplane/protocol/hls/uri.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::hls {
namespace {

TEST(IdOfTest, IsTheParameterOfTheQuery) {
  struct Row {
    const char* target;
    std::optional<std::string_view> id;
  };
  const Row rows[] = {
      {"/live/a.m3u8?spbhid=x1", "x1"},
      {"/live/a.ts?hls_ctx=c&spbhid=x1&b", "x1"},
      {"/live/a.ts?spbhid=x1&spbhid=x2", "x1"},
      {"/live/a.ts", std::nullopt},
      {"/live/a.ts?", std::nullopt},
      {"/live/a.ts?spbhid", std::nullopt},
      {"/live/a.ts?spbhid=", std::nullopt},
      {"/live/a.ts?spbhidx=1", std::nullopt},
      {"/live/spbhid=x1/a.ts", std::nullopt},
      {"", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(IdOf(row.target), row.id) << row.target;
}

TEST(WithIdTest, AddsOneParameterAndLeavesTheRest) {
  struct Row {
    const char* what;
    const char* uri;
    const char* with_id;
    const char* without_id;
  };
  const Row rows[] = {
      {"no query", "a.ts", "a.ts?spbhid=N", "a.ts"},
      {"a query", "a.ts?hls_ctx=c", "a.ts?hls_ctx=c&spbhid=N", "a.ts?hls_ctx=c"},
      {"an empty query", "a.ts?", "a.ts?spbhid=N", "a.ts?"},
      {"a query that ends with &", "a.ts?b&", "a.ts?b&spbhid=N", "a.ts?b&"},
      {"&& in the query", "a.ts?b&&c", "a.ts?b&&c&spbhid=N", "a.ts?b&&c"},
      {"an id", "a.ts?spbhid=old", "a.ts?spbhid=N", "a.ts"},
      {"an id first", "a.ts?spbhid=old&b=1", "a.ts?b=1&spbhid=N", "a.ts?b=1"},
      {"an id in the middle", "a.ts?b=1&spbhid=old&c", "a.ts?b=1&c&spbhid=N", "a.ts?b=1&c"},
      {"two ids", "a.ts?spbhid=1&spbhid=2", "a.ts?spbhid=N", "a.ts"},
      {"an id without value", "a.ts?spbhid", "a.ts?spbhid=N", "a.ts"},
      {"a similar name", "a.ts?xspbhid=1&spbhid2=2", "a.ts?xspbhid=1&spbhid2=2&spbhid=N",
       "a.ts?xspbhid=1&spbhid2=2"},
      {"a fragment", "a.ts?b#c?d", "a.ts?b&spbhid=N#c?d", "a.ts?b#c?d"},
      {"a fragment alone", "a.ts#c", "a.ts?spbhid=N#c", "a.ts#c"},
      {"a second ?", "a.ts?b?c", "a.ts?b?c&spbhid=N", "a.ts?b?c"},
      {"a ? at the end", "a.ts?b?", "a.ts?b?&spbhid=N", "a.ts?b?"},
      {"escapes", "%E4%BD%A0%2f.ts?b=%26%3d+", "%E4%BD%A0%2f.ts?b=%26%3d+&spbhid=N",
       "%E4%BD%A0%2f.ts?b=%26%3d+"},
      {"UTF-8", "直播.ts?名=值", "直播.ts?名=值&spbhid=N", "直播.ts?名=值"},
      {"no UTF-8", "\xff.ts", "\xff.ts?spbhid=N", "\xff.ts"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(WithId(row.uri, "N"), row.with_id) << row.what;
    EXPECT_EQ(WithoutId(row.uri), row.without_id) << row.what;
    EXPECT_EQ(IdOf(WithId(row.uri, "N")), "N") << row.what;
  }
}

TEST(WithoutDirectivesTest, LeavesOtherParameters) {
  EXPECT_EQ(WithoutDirectives("/a.m3u8?_HLS_msn=5&hls_ctx=c&_HLS_part=2&_HLS_skip=YES"),
            "/a.m3u8?hls_ctx=c");
  EXPECT_EQ(WithoutDirectives("/a.m3u8?_HLS_msn=5"), "/a.m3u8");
  EXPECT_EQ(WithoutDirectives("/a.m3u8?_HLS_other=5"), "/a.m3u8?_HLS_other=5");
}

TEST(AtOwnHostTest, DistinguishesOwnUrlsFromOthers) {
  struct Row {
    const char* what;
    const char* uri;
    std::optional<std::string> own;
  };
  const Row rows[] = {
      {"relative", "a/b.ts?c", "a/b.ts?c"},
      {"of the root", "/a/b.ts", "/a/b.ts"},
      {"a query", "?a=http://x/", "?a=http://x/"},
      {"a colon in the path", "./a:b.ts", "./a:b.ts"},
      {"empty", "", ""},
      {"the origin", "http://10.0.0.1:8080/a.ts?b#c", "/a.ts?b#c"},
      {"capitals", "HTTP://Edge.Example.COM/a.ts", "/a.ts"},
      {"without a scheme", "//10.0.0.1:8080/a.ts", "/a.ts"},
      {"the default port", "http://edge.example.com:80/a.ts", "/a.ts"},
      {"the default port of https", "https://edge.example.com:443/a.ts", "/a.ts"},
      {"an empty port", "http://edge.example.com:/a.ts", "/a.ts"},
      {"IPv6", "http://[::1]:8080/a.ts", "/a.ts"},
      {"no path", "http://edge.example.com", "/"},
      {"no path, a query", "http://edge.example.com?a/b", "/?a/b"},
      {"a path that would name a host", "http://edge.example.com//evil.example/a.ts",
       "/.//evil.example/a.ts"},
      {"another port", "http://10.0.0.1:8081/a.ts", std::nullopt},
      {"no port where one is known", "http://10.0.0.1/a.ts", std::nullopt},
      {"the other scheme's port", "https://edge.example.com:80/a.ts", std::nullopt},
      {"another IPv6 address", "http://[::2]:8080/a.ts", std::nullopt},
      {"another host", "https://cdn.example.com/a.ts", std::nullopt},
      {"a host that starts alike", "http://edge.example.com.evil/a.ts", std::nullopt},
      {"a user", "http://edge.example.com@evil/a.ts", std::nullopt},
      {"a user of ours", "http://me@edge.example.com/a.ts", std::nullopt},
      {"without a scheme, another host", "//cdn.example.com/a.ts", std::nullopt},
      {"data", "data:text/plain;base64,AAAA", std::nullopt},
      {"skd", "skd://10.0.0.1:8080/key", std::nullopt},
      {"no authority", "http:/a.ts", std::nullopt},
      {"an empty authority", "http:///a.ts", std::nullopt},
      {"only the scheme", "http:", std::nullopt},
  };
  const std::vector<std::string> own = {"10.0.0.1:8080", "edge.example.com", "[::1]:8080"};
  for (const Row& row : rows) EXPECT_EQ(AtOwnHost(row.uri, own), row.own) << row.what;
}

TEST(TargetOfTest, IsWhatAPlayerWouldAskFor) {
  struct Row {
    const char* uri;
    std::optional<std::string> target;
  };
  const Row rows[] = {
      {"low.m3u8?a", "/live/low.m3u8?a"},
      {"low/index.m3u8#f", "/live/low/index.m3u8"},
      {"./low.m3u8", "/live/low.m3u8"},
      {"../other/low.m3u8", "/other/low.m3u8"},
      {"../../../low.m3u8", "/low.m3u8"},
      {"..", "/"},
      {"a/..", "/live/"},
      {"?hls_ctx=c", "/live/a.m3u8?hls_ctx=c"},
      {"/live/a.m3u8?hls_ctx=c", "/live/a.m3u8?hls_ctx=c"},
      {"/live/x/../a.m3u8", "/live/a.m3u8"},
      {"http://origin:8080/live/a.m3u8?b", "/live/a.m3u8?b"},
      {"http://elsewhere/live/a.m3u8", std::nullopt},
  };
  const std::vector<std::string> own = {"origin:8080"};
  for (const Row& row : rows) {
    EXPECT_EQ(TargetOf(row.uri, "/live/a.m3u8?x=/y/z", own), row.target) << row.uri;
  }
  EXPECT_EQ(TargetOf("a.ts", "no-path", own), std::nullopt);
}

}  // namespace
}  // namespace srsproxy::hls
