// Playlists: whatever comes, nothing breaks; what is rewritten is a playlist of the same kind that
// says the same, and after a move its numbers go on.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/protocol/hls/rewrite.h"
#include "dataplane/protocol/hls/uri.h"

namespace {

using srsproxy::hls::Playlist;
using srsproxy::hls::PlaylistKind;
using srsproxy::hls::ReadPlaylist;
using srsproxy::hls::RewriteOptions;
using srsproxy::hls::RewritePlaylist;
using srsproxy::hls::SequenceRewriter;

const std::vector<std::string>& Own() {
  static const std::vector<std::string> own = {"origin:8080", "edge.example.com"};
  return own;
}

void CheckUri(std::string_view uri) {
  const std::string with = srsproxy::hls::WithId(uri, "N");
  if (srsproxy::hls::IdOf(with) != "N") std::abort();
  if (srsproxy::hls::IdOf(srsproxy::hls::WithId(with, "M")) != "M") std::abort();
  if (srsproxy::hls::IdOf(srsproxy::hls::WithoutId(with)).has_value()) std::abort();
  const auto own = srsproxy::hls::AtOwnHost(uri, Own());
  // What is said to be at the own host must not name another one.
  if (own.has_value() && own->starts_with("//")) std::abort();
  const auto target = srsproxy::hls::TargetOf(uri, "/live/a.m3u8", Own());
  if (target.has_value() && !target->starts_with('/')) std::abort();
}

// The origin says `text`; the player gets the result.
std::string Rewrite(std::string_view text, const Playlist& playlist, SequenceRewriter& continuity) {
  RewriteOptions options{.id = "N", .own_authorities = Own()};
  if (playlist.kind == PlaylistKind::kMedia) options.numbers = continuity.Next(playlist);
  const auto result = RewritePlaylist(text, playlist, options);
  return result.ok() ? *result : std::string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckUri(text.substr(0, 256));
  const auto playlist = ReadPlaylist(text);
  if (!playlist.ok() || playlist->kind == PlaylistKind::kNone) return 0;
  for (const auto variant : playlist->variants) CheckUri(variant);

  SequenceRewriter continuity;
  const std::string rewritten = Rewrite(text, *playlist, continuity);
  const auto again = ReadPlaylist(rewritten);
  if (again.ok() && !rewritten.empty()) {
    if (again->kind != playlist->kind || again->segments != playlist->segments ||
        again->media_sequence != playlist->media_sequence ||
        again->discontinuities != playlist->discontinuities) {
      std::abort();
    }
  }

  // After a move the player goes on right behind what it had.
  if (playlist->kind != PlaylistKind::kMedia || playlist->segments == 0) return 0;
  continuity.OriginChanged();
  const std::string moved = Rewrite(text, *playlist, continuity);
  const auto next = ReadPlaylist(moved);
  if (!next.ok() || moved.empty()) return 0;
  if (next->media_sequence != playlist->media_sequence + playlist->segments) std::abort();
  if (next->segments != playlist->segments) std::abort();
  return 0;
}
