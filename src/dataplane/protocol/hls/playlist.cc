#include "dataplane/protocol/hls/playlist.h"

#include "dataplane/protocol/hls/line.h"

namespace srsproxy::hls {
namespace {

absl::Status TooLong(std::string_view what) {
  return OriginFailure(absl::StatusCode::kResourceExhausted, what);
}

bool IsOfMaster(LineKind kind) {
  switch (kind) {
    case LineKind::kIFrameStreamInf:
    case LineKind::kMedia:
    case LineKind::kSessionData:
    case LineKind::kSessionKey:
    case LineKind::kStreamInf:
      return true;
    default:
      return false;
  }
}

bool IsOfMedia(LineKind kind) {
  return kind == LineKind::kTargetDuration || kind == LineKind::kMediaSequence ||
         kind == LineKind::kExtInf || kind == LineKind::kUri;
}

// The URI without the blanks around it.
std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

void ReadMediaLine(const Line& line, Playlist& playlist) {
  switch (line.kind) {
    case LineKind::kUri:
      ++playlist.segments;
      break;
    case LineKind::kDiscontinuity:
      playlist.discontinuities.push_back(playlist.segments);
      break;
    case LineKind::kDiscontinuitySequence:
      playlist.discontinuity_sequence = NumberAt(line.value);
      break;
    case LineKind::kEndList:
      playlist.ended = true;
      break;
    case LineKind::kMediaSequence:
      playlist.media_sequence = NumberAt(line.value);
      break;
    case LineKind::kSkip:
      playlist.skipped += NumberAt(AttributeOf(line.value, "SKIPPED-SEGMENTS"));
      playlist.segments += NumberAt(AttributeOf(line.value, "SKIPPED-SEGMENTS"));
      break;
    case LineKind::kTargetDuration:
      playlist.target_duration = NumberAt(line.value);
      break;
    default:
      break;
  }
}

}  // namespace

absl::StatusOr<Playlist> ReadPlaylist(std::string_view text) {
  Playlist playlist;
  LineReader lines(text.substr(0, kMaxPlaylistBytes));
  const auto first = lines.Next();
  if (!first.has_value() || first->kind != LineKind::kHeader) return playlist;
  if (text.size() > kMaxPlaylistBytes) return TooLong("the playlist is longer than 4 MB");
  bool variant_follows = false;
  for (auto line = first; line.has_value(); line = lines.Next()) {
    if (line->text.size() > kMaxLineBytes) {
      return TooLong("a line of the playlist is longer than 64 kB");
    }
    if (playlist.kind == PlaylistKind::kNone) {
      if (IsOfMaster(line->kind)) playlist.kind = PlaylistKind::kMaster;
      if (IsOfMedia(line->kind)) playlist.kind = PlaylistKind::kMedia;
    }
    if (playlist.kind != PlaylistKind::kMaster) {
      ReadMediaLine(*line, playlist);
    } else if (line->kind == LineKind::kStreamInf) {
      variant_follows = true;
    } else if (line->kind == LineKind::kUri && variant_follows) {
      playlist.variants.push_back(Trimmed(line->text));
      variant_follows = false;
    }
  }
  if (playlist.kind == PlaylistKind::kNone) playlist.kind = PlaylistKind::kMedia;
  return playlist;
}

}  // namespace srsproxy::hls
