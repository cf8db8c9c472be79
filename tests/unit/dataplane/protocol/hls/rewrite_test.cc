#include "dataplane/protocol/hls/rewrite.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::hls {
namespace {

const std::vector<std::string> kOwn = {"origin:8080", "edge.example.com"};

std::string Rewritten(std::string_view text, RewriteOptions options = {}) {
  options.id = "N";
  options.own_authorities = kOwn;
  const auto playlist = ReadPlaylist(text);
  if (!playlist.ok()) return playlist.status().ToString();
  const auto result = RewritePlaylist(text, *playlist, options);
  return result.ok() ? *result : result.status().ToString();
}

std::string Numbered(std::string_view text, PlaylistNumbers numbers) {
  return Rewritten(text, {.numbers = numbers});
}

TEST(RewriteTest, EveryUriCarriesTheId) {
  struct Row {
    const char* line;
    const char* rewritten;
  };
  const Row rows[] = {
      {"a.ts", "a.ts?spbhid=N"},
      {"a.ts?hls_ctx=c", "a.ts?hls_ctx=c&spbhid=N"},
      {"a.ts \t", "a.ts?spbhid=N \t"},
      {"http://origin:8080/live/a.ts", "/live/a.ts?spbhid=N"},
      {"#EXT-X-KEY:METHOD=AES-128,URI=\"k?a,b=1\",IV=0x1",
       "#EXT-X-KEY:METHOD=AES-128,URI=\"k?a,b=1&spbhid=N\",IV=0x1"},
      {"#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"5@0\"",
       "#EXT-X-MAP:URI=\"i.mp4?spbhid=N\",BYTERANGE=\"5@0\""},
      {"#EXT-X-MAP:BYTERANGE=\"5@0\", URI=\"i.mp4\"",
       "#EXT-X-MAP:BYTERANGE=\"5@0\", URI=\"i.mp4?spbhid=N\""},
      {"#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"x,URI=\",URI=\"a.m3u8\"",
       "#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"x,URI=\",URI=\"a.m3u8?spbhid=N\""},
      {"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"",
       "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8?spbhid=N\""},
      {"#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"//origin:8080/k\"",
       "#EXT-X-SESSION-KEY:METHOD=AES-128,URI=\"/k?spbhid=N\""},
      {"#EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"x.json\"",
       "#EXT-X-SESSION-DATA:DATA-ID=\"x\",URI=\"x.json?spbhid=N\""},
      {"#EXT-X-PART:DURATION=0.3,URI=\"a.1.mp4\",INDEPENDENT=YES",
       "#EXT-X-PART:DURATION=0.3,URI=\"a.1.mp4?spbhid=N\",INDEPENDENT=YES"},
      {"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a.2.mp4\"",
       "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"a.2.mp4?spbhid=N\""},
      {"#EXT-X-RENDITION-REPORT:URI=\"../b.m3u8\",LAST-MSN=7",
       "#EXT-X-RENDITION-REPORT:URI=\"../b.m3u8?spbhid=N\",LAST-MSN=7"},
  };
  for (const Row& row : rows) {
    for (const std::string end : {"\n", "\r\n", ""}) {
      const std::string header = end.empty() ? "#EXTM3U\n" : "#EXTM3U" + end;
      EXPECT_EQ(Rewritten(header + row.line + end), header + row.rewritten + end);
    }
  }
}

TEST(RewriteTest, EverythingElseStaysByteByByte) {
  for (const std::string line : {
           "",
           " ",
           "# a.ts",
           "#",
           "#EXT",
           "#EXT-X-",
           "#EXT-X-VERSION:7",
           "#EXT-X-NEW-TAG:URI=\"a.ts\"",
           "#EXT-X-KEYS:URI=\"a.ts\"",
           "#EXT-X-BYTERANGE:75232@0",
           "#EXTINF:9.009,a.ts,\xE4\xBD\xA0 \xff",
           "#EXT-X-MEDIA-SEQUENCE:007",
           "#EXT-X-DISCONTINUITY",
           "#EXT-X-DATERANGE:ID=\"x\",X-ASSET-URI=\"http://origin:8080/a\"",
           "#EXT-X-DEFINE:NAME=\"base\",VALUE=\"http://origin:8080/live\"",
           "{$base}/a.ts",
           "https://cdn.example.com/a.ts?token=1",
           "data:video/mp2t;base64,AAAA",
           "#EXT-X-KEY:METHOD=NONE",
           "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://key\",KEYFORMAT=\"com.apple\"",
           "#EXT-X-KEY:METHOD=AES-128,URI=\"{$base}/k\"",
           "#EXT-X-KEY:METHOD=AES-128,URI=\"\"",
           "#EXT-X-KEY:METHOD=AES-128,URI=\"no end",
           "#EXT-X-KEY",
           "#EXT-X-KEY:,,,=,",
           "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,NAME=\"URI=a\"",
       }) {
    const std::string text = "\xEF\xBB\xBF#EXTM3U\r\n" + line + "\n\r\n" + line;
    EXPECT_EQ(Rewritten(text), text);
  }
}

TEST(RewriteTest, APlaylistFromElsewhereNamesItsFolder) {
  const std::string text = "#EXTM3U\na.ts\n/b.ts\n?c\n../d.ts\nhttp://origin:8080/e.ts\n";
  EXPECT_EQ(Rewritten(text, {.base_path = "/live/x/index.m3u8"}),
            "#EXTM3U\n/live/x/a.ts?spbhid=N\n/b.ts?spbhid=N\n/live/x/index.m3u8?c&spbhid=N\n"
            "/live/x/../d.ts?spbhid=N\n/e.ts?spbhid=N\n");
  EXPECT_EQ(Rewritten("#EXTM3U\na.ts\n", {.base_path = "//live/index.m3u8"}),
            "#EXTM3U\n/.//live/a.ts?spbhid=N\n");
}

TEST(RewriteTest, NumbersAreReplaced) {
  EXPECT_EQ(Numbered("#EXTM3U\r\n#EXT-X-VERSION:3\r\n#EXT-X-MEDIA-SEQUENCE:3\r\n"
                     "#EXT-X-DISCONTINUITY-SEQUENCE:1\r\n#EXT-X-PROGRAM-DATE-TIME:x\r\n"
                     "#EXTINF:1,\r\na.ts\r\n#EXTINF:1,\r\nb.ts",
                     {103, 7, 0}),
            "#EXTM3U\r\n#EXT-X-MEDIA-SEQUENCE:103\r\n#EXT-X-DISCONTINUITY-SEQUENCE:7\r\n"
            "#EXT-X-VERSION:3\r\n#EXT-X-DISCONTINUITY\r\n#EXT-X-PROGRAM-DATE-TIME:x\r\n"
            "#EXTINF:1,\r\na.ts?spbhid=N\r\n#EXTINF:1,\r\nb.ts?spbhid=N");
  EXPECT_EQ(Numbered("#EXTM3U\n#EXTINF:1,\na.ts\n#EXTM3U\n", {5, 1, std::nullopt}),
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXTINF:1,\n"
            "a.ts?spbhid=N\n#EXTM3U\n");
  EXPECT_EQ(Numbered("\xEF\xBB\xBF#EXTM3U", {5, 1, 0}),
            "\xEF\xBB\xBF#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n");
}

TEST(RewriteTest, OfSkippedSegmentsNothingIsWritten) {
  EXPECT_EQ(Numbered("#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:1,\nd.ts\n", {5, 1, 0}),
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"
            "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n#EXTINF:1,\nd.ts?spbhid=N\n");
}

TEST(RewriteTest, ReportsOfOtherNumbersAreLeftOut) {
  EXPECT_EQ(Numbered("#EXTM3U\n#EXT-X-PART:DURATION=1,URI=\"a.1\"\n"
                     "#EXT-X-RENDITION-REPORT:URI=\"b\",LAST-MSN=7\n",
                     {5, 1, 0}),
            "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"
            "#EXT-X-DISCONTINUITY\n#EXT-X-PART:DURATION=1,URI=\"a.1?spbhid=N\"\n");
}

constexpr std::string_view kNumberedHead =
    "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n";

TEST(RewriteTest, AnIvThatIsANumberIsKept) {
  EXPECT_EQ(
      Numbered("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:26\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n"
               "#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\nc.ts\n",
               {100, 1, std::nullopt}),
      std::string(kNumberedHead) +
          "#EXT-X-KEY:METHOD=AES-128,URI=\"k?spbhid=N\",IV=0x0000000000000000000000000000001a\n"
          "#EXTINF:1,\na.ts?spbhid=N\n"
          "#EXT-X-KEY:METHOD=AES-128,URI=\"k?spbhid=N\",IV=0x0000000000000000000000000000001b\n"
          "#EXTINF:1,\nb.ts?spbhid=N\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\nc.ts?spbhid=N\n");
}

TEST(RewriteTest, AKeyWithItsOwnIvEndsOneWithout) {
  EXPECT_EQ(Numbered("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:1\n"
                     "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\",KEYFORMAT=\"identity\"\n"
                     "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\",KEYFORMAT=\"com.apple\"\n"
                     "#EXTINF:1,\na.ts\n#EXT-X-PART:DURATION=1,URI=\"b.1\"\nb.ts\n"
                     "#EXT-X-KEY:METHOD=AES-128,URI=\"l\",IV=0x5\nc.ts\n",
                     {100, 1, std::nullopt}),
            std::string(kNumberedHead) +
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k?spbhid=N\",KEYFORMAT=\"identity\","
                "IV=0x00000000000000000000000000000001\n"
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://k\",KEYFORMAT=\"com.apple\"\n"
                "#EXTINF:1,\na.ts?spbhid=N\n"
                "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k?spbhid=N\",KEYFORMAT=\"identity\","
                "IV=0x00000000000000000000000000000002\n"
                "#EXT-X-PART:DURATION=1,URI=\"b.1?spbhid=N\"\nb.ts?spbhid=N\n"
                "#EXT-X-KEY:METHOD=AES-128,URI=\"l?spbhid=N\",IV=0x5\nc.ts?spbhid=N\n");
}

TEST(RewriteTest, AResultThatGrowsWithoutMeasureIsRefused) {
  std::string text =
      "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"" + std::string(60'000, 'k') + "\"\n";
  for (int i = 0; i < 1000; ++i) text += "a\n";
  EXPECT_NE(Numbered(text, {100, 1, 0}).find("RESOURCE_EXHAUSTED"), std::string::npos);
  EXPECT_EQ(Rewritten(text).size(), text.size() + 1001 * std::string("?spbhid=N").size());
}

}  // namespace
}  // namespace srsproxy::hls
