// Playlists of real packagers: golden/*.m3u8 as they were written (ffmpeg's by golden/make),
// golden/*.rewritten as players behind the proxy see them.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/protocol/hls/rewrite.h"

namespace srsproxy::hls {
namespace {

namespace fs = std::filesystem;

std::string Content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in.is_open()) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> Playlists() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(GOLDEN_DIR)) {
    if (entry.path().extension() == ".m3u8") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST(GoldenTest, PlaylistsOfPackagersAreRewrittenSo) {
  const std::vector<std::string> own = {"origin.example:8080"};
  const auto playlists = Playlists();
  EXPECT_GE(playlists.size(), 20);
  for (const fs::path& file : playlists) {
    const std::string text = Content(file);
    const auto playlist = ReadPlaylist(text);
    ASSERT_TRUE(playlist.ok()) << file << playlist.status();
    const auto rewritten = RewritePlaylist(text, *playlist, {.id = "3f2a", .own_authorities = own});
    ASSERT_TRUE(rewritten.ok()) << file << rewritten.status();
    EXPECT_EQ(*rewritten, Content(fs::path(file).replace_extension(".rewritten"))) << file;
  }
}

TEST(GoldenTest, WhatTheyHold) {
  struct Row {
    const char* name;
    PlaylistKind kind;
    uint64_t media_sequence;
    uint64_t segments;
    size_t variants;
    bool ended;
  };
  const Row rows[] = {
      {"ffmpeg-plain", PlaylistKind::kMedia, 3, 5, 0, true},
      {"ffmpeg-omit_endlist", PlaylistKind::kMedia, 3, 5, 0, false},
      {"ffmpeg-fmp4", PlaylistKind::kMedia, 3, 5, 0, true},
      {"ffmpeg-variants-master", PlaylistKind::kMaster, 0, 0, 2, false},
      {"srs-hls_ctx-master", PlaylistKind::kMaster, 0, 0, 1, false},
  };
  for (const Row& row : rows) {
    const std::string text = Content(fs::path(GOLDEN_DIR) / (std::string(row.name) + ".m3u8"));
    const auto playlist = ReadPlaylist(text);
    ASSERT_TRUE(playlist.ok()) << row.name;
    EXPECT_EQ(playlist->kind, row.kind) << row.name;
    EXPECT_EQ(playlist->media_sequence, row.media_sequence) << row.name;
    EXPECT_EQ(playlist->segments, row.segments) << row.name;
    EXPECT_EQ(playlist->variants.size(), row.variants) << row.name;
    EXPECT_EQ(playlist->ended, row.ended) << row.name;
  }
}

}  // namespace
}  // namespace srsproxy::hls
