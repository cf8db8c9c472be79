#include "dataplane/protocol/hls/playlist.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::hls {
namespace {

using Uris = std::vector<std::string_view>;

Playlist Read(std::string_view text) {
  auto playlist = ReadPlaylist(text);
  EXPECT_TRUE(playlist.ok()) << playlist.status();
  return playlist.ok() ? *std::move(playlist) : Playlist();
}

TEST(ReadPlaylistTest, ReadsTheKind) {
  struct Row {
    const char* what;
    const char* text;
    PlaylistKind kind;
  };
  const Row rows[] = {
      {"empty", "", PlaylistKind::kNone},
      {"a page", "<html>#EXTM3U</html>", PlaylistKind::kNone},
      {"a blank line first", "\n#EXTM3U\n#EXTINF:1,\na.ts\n", PlaylistKind::kNone},
      {"another tag", "#EXTM3UX\n", PlaylistKind::kNone},
      {"half a tag", "#EXTM3", PlaylistKind::kNone},
      {"small letters", "#extm3u\n", PlaylistKind::kNone},
      {"nothing but the header", "#EXTM3U", PlaylistKind::kMedia},
      {"blanks after the header", "#EXTM3U \t\r\n", PlaylistKind::kMedia},
      {"segments", "#EXTM3U\n#EXTINF:1,\na.ts\n", PlaylistKind::kMedia},
      {"a plain list", "#EXTM3U\na.ts\n", PlaylistKind::kMedia},
      {"a BOM", "\xEF\xBB\xBF#EXTM3U\n#EXTINF:1,\na.ts\n", PlaylistKind::kMedia},
      {"variants", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", PlaylistKind::kMaster},
      {"renditions alone", "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a\"\n", PlaylistKind::kMaster},
      {"I-frames alone", "#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:URI=\"a\"\n", PlaylistKind::kMaster},
      {"media that has variants later",
       "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n",
       PlaylistKind::kMedia},
  };
  for (const Row& row : rows) EXPECT_EQ(Read(row.text).kind, row.kind) << row.what;
}

TEST(ReadPlaylistTest, ReadsTheVariants) {
  const Playlist playlist = Read(
      "#EXTM3U\r\n"
      "#EXT-X-INDEPENDENT-SEGMENTS\r\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"audio.m3u8\"\r\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\r\n"
      "low.m3u8?x=1 \r\n"
      "\r\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2\r\n"
      "# a comment\r\n"
      "https://cdn/high.m3u8\r\n"
      "stray.m3u8\r\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=3");
  EXPECT_EQ(playlist.kind, PlaylistKind::kMaster);
  EXPECT_EQ(playlist.variants, (Uris{"low.m3u8?x=1", "https://cdn/high.m3u8"}));
  EXPECT_EQ(playlist.segments, 0);
}

TEST(ReadPlaylistTest, ReadsTheNumbers) {
  const Playlist playlist = Read(
      "#EXTM3U\n"
      "#EXT-X-TARGETDURATION:4\n"
      "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n"
      "#EXT-X-DISCONTINUITY-SEQUENCE:7\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXTINF:4.0,\n"
      "a.ts\n"
      "#EXTINF:4.0,\n"
      "b.ts\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXTINF:4.0,\n"
      "c.ts\n"
      "#EXT-X-DISCONTINUITY\n"
      "#EXT-X-ENDLIST");
  EXPECT_EQ(playlist.kind, PlaylistKind::kMedia);
  EXPECT_EQ(playlist.target_duration, 4);
  EXPECT_EQ(playlist.media_sequence, UINT64_MAX);
  EXPECT_EQ(playlist.discontinuity_sequence, 7);
  EXPECT_EQ(playlist.segments, 3);
  EXPECT_EQ(playlist.skipped, 0);
  EXPECT_TRUE(playlist.ended);
  EXPECT_EQ(playlist.discontinuities, (std::vector<uint64_t>{0, 2, 3}));
}

TEST(ReadPlaylistTest, CountsSkippedSegments) {
  const Playlist playlist = Read(
      "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:100\n"
      "#EXT-X-SKIP:RECENTLY-REMOVED-DATERANGES=\"a,SKIPPED-SEGMENTS=9\",SKIPPED-SEGMENTS=30\n"
      "#EXT-X-DISCONTINUITY\n#EXTINF:4,\na.ts\n");
  EXPECT_EQ(playlist.skipped, 30);
  EXPECT_EQ(playlist.segments, 31);
  EXPECT_EQ(playlist.discontinuities, std::vector<uint64_t>{30});
}

TEST(ReadPlaylistTest, UnreadableNumbersAreZero) {
  for (const char* number : {"", "x", "-1", "18446744073709551616", "\xff"}) {
    const std::string text = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:" + std::string(number) + "\na.ts\n";
    EXPECT_EQ(Read(text).media_sequence, 0) << number;
    EXPECT_EQ(Read(text).segments, 1) << number;
  }
}

TEST(ReadPlaylistTest, RefusesWhatIsTooLong) {
  const std::string header = "#EXTM3U\n";
  EXPECT_TRUE(ReadPlaylist(header + std::string(kMaxLineBytes, 'a')).ok());
  const auto line = ReadPlaylist(header + std::string(kMaxLineBytes + 1, 'a')).status();
  EXPECT_EQ(line.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SideOf(line), Side::kOrigin);
  const std::string lines(kMaxPlaylistBytes - header.size(), '\n');
  EXPECT_TRUE(ReadPlaylist(header + lines).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(ReadPlaylist(header + lines + "\n").status()));
  // What is no playlist is nothing to refuse.
  EXPECT_EQ(Read(std::string(50 << 20, 'a')).kind, PlaylistKind::kNone);
}

}  // namespace
}  // namespace srsproxy::hls
