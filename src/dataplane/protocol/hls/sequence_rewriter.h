// Keeps the numbers of a media playlist rising when the stream moves to another origin, so that
// players carry on: RFC 8216, sections 4.3.3.2, 4.3.3.3 and 6.2.2.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/protocol/hls/playlist.h"

namespace srsproxy::hls {

// What a media playlist is to have in place of the origin's numbers.
struct PlaylistNumbers {
  uint64_t media_sequence = 0;
  uint64_t discontinuity_sequence = 0;
  // The index of the segment before which an EXT-X-DISCONTINUITY is missing: the first one of the
  // new origin.
  std::optional<uint64_t> discontinuity_before;
};

// What one player was served of one media playlist: a value, kept for each session and playlist. A
// master's renditions are playlists of their own.
class SequenceRewriter {
 public:
  // Playlists come from another origin from here on.
  void OriginChanged() { changed_ = any_; }

  // The numbers of `playlist`, a media playlist that is now handed out; nullopt: those of the
  // origin, since the stream never moved.
  std::optional<PlaylistNumbers> Next(const Playlist& playlist);

  // Whether the player's numbers are not the origin's. Then what it sends about segments by number
  // (_HLS_msn and its kind) means nothing to the origin: see WithoutDirectives.
  bool moved() const { return moved_ || changed_; }

 private:
  // The first segment of `playlist` follows the last one handed out.
  void StartAt(const Playlist& playlist);
  void NoteHandedOut(const Playlist& playlist, const PlaylistNumbers& numbers);

  bool any_ = false;      // A playlist with segments was handed out.
  bool changed_ = false;  // No segment of the new origin was handed out yet.
  bool moved_ = false;
  uint64_t next_sequence_ = 0;       // After the last segment handed out.
  uint64_t last_discontinuity_ = 0;  // Discontinuity sequence number of that segment.
  uint64_t origin_sequence_ = 0;     // The origin's newest EXT-X-MEDIA-SEQUENCE.
  // Added to the origin's numbers, modulo 2^64.
  uint64_t sequence_offset_ = 0;
  uint64_t discontinuity_offset_ = 0;
  uint64_t first_sequence_ = 0;  // Of the first segment of the new origin, as the player knows it.
};

}  // namespace srsproxy::hls
