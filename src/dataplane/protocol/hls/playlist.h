// What of a playlist of HTTP Live Streaming a proxy has to know. RFC 8216 and its successor,
// draft-pantos-hls-rfc8216bis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy::hls {

inline constexpr size_t kMaxPlaylistBytes = size_t{4} << 20;
inline constexpr size_t kMaxLineBytes = 64 * 1024;

enum class PlaylistKind : uint8_t {
  kNone,    // No playlist: it does not start with #EXTM3U. A BOM may come before that.
  kMaster,  // Lists variants. RFC 8216bis calls it a multivariant playlist.
  kMedia,   // Lists segments; maybe none yet.
};

// Numbers that are absent or unreadable are 0.
struct Playlist {
  PlaylistKind kind = PlaylistKind::kNone;

  // Of a master playlist: the URIs of its variants in order, as written. Views of the text.
  std::vector<std::string_view> variants;

  // Of a media playlist.
  uint64_t media_sequence = 0;
  uint64_t discontinuity_sequence = 0;
  uint64_t segments = 0;  // With those that EXT-X-SKIP leaves out.
  uint64_t skipped = 0;
  uint64_t target_duration = 0;  // Seconds.
  bool ended = false;            // EXT-X-ENDLIST.
  // For each EXT-X-DISCONTINUITY the index of the segment that it precedes, ascending; `segments`
  // for one after the last segment.
  std::vector<uint64_t> discontinuities;
};

// RESOURCE_EXHAUSTED, the origin at fault: the playlist or one of its lines is too long. The result
// views `text`.
absl::StatusOr<Playlist> ReadPlaylist(std::string_view text);

}  // namespace srsproxy::hls
