#include "dataplane/protocol/hls/sequence_rewriter.h"

#include <algorithm>

namespace srsproxy::hls {
namespace {

// How many EXT-X-DISCONTINUITY precede the segment `index`.
uint64_t DiscontinuitiesUpTo(const Playlist& playlist, uint64_t index) {
  const auto& list = playlist.discontinuities;
  return static_cast<uint64_t>(std::upper_bound(list.begin(), list.end(), index) - list.begin());
}

}  // namespace

std::optional<PlaylistNumbers> SequenceRewriter::Next(const Playlist& playlist) {
  // Lower numbers are those of an origin that started anew.
  if (moved_ && playlist.media_sequence < origin_sequence_) changed_ = true;
  origin_sequence_ = playlist.media_sequence;
  const bool has_own = DiscontinuitiesUpTo(playlist, 0) > 0;
  const auto first = has_own ? std::nullopt : std::optional<uint64_t>(0);
  if (playlist.segments == 0 && changed_) {
    return PlaylistNumbers{next_sequence_, last_discontinuity_, first};
  }
  if (changed_) StartAt(playlist);
  PlaylistNumbers numbers{playlist.media_sequence + sequence_offset_,
                          playlist.discontinuity_sequence + discontinuity_offset_, std::nullopt};
  if (moved_ && numbers.media_sequence == first_sequence_ && first.has_value()) {
    numbers.discontinuity_before = first;
    --numbers.discontinuity_sequence;
  }
  if (playlist.segments > 0) NoteHandedOut(playlist, numbers);
  return moved_ ? std::optional(numbers) : std::nullopt;
}

void SequenceRewriter::StartAt(const Playlist& playlist) {
  const uint64_t own = DiscontinuitiesUpTo(playlist, 0);
  sequence_offset_ = next_sequence_ - playlist.media_sequence;
  first_sequence_ = next_sequence_;
  discontinuity_offset_ =
      last_discontinuity_ + std::max<uint64_t>(1, own) - (playlist.discontinuity_sequence + own);
  changed_ = false;
  moved_ = true;
}

void SequenceRewriter::NoteHandedOut(const Playlist& playlist, const PlaylistNumbers& numbers) {
  const uint64_t last = numbers.discontinuity_sequence +
                        (numbers.discontinuity_before.has_value() ? 1 : 0) +
                        DiscontinuitiesUpTo(playlist, playlist.segments - 1);
  // Discontinuities among skipped segments are not listed: what was known of them stays.
  last_discontinuity_ = playlist.skipped > 0 ? std::max(last_discontinuity_, last) : last;
  next_sequence_ = numbers.media_sequence + playlist.segments;
  any_ = true;
}

}  // namespace srsproxy::hls
