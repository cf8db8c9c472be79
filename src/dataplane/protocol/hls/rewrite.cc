#include "dataplane/protocol/hls/rewrite.h"

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/hls/line.h"
#include "dataplane/protocol/hls/uri.h"

namespace srsproxy::hls {
namespace {

// A key without IV is repeated for each segment, and an id is longer than the shortest URI.
constexpr size_t kMaxResultBytes = 4 * kMaxPlaylistBytes;

// Tags that may stand at the start of what belongs to one segment.
bool BelongsToSegment(LineKind kind) {
  switch (kind) {
    case LineKind::kByteRange:
    case LineKind::kExtInf:
    case LineKind::kGap:
    case LineKind::kKey:
    case LineKind::kMap:
    case LineKind::kPart:
    case LineKind::kProgramDateTime:
    case LineKind::kUri:
      return true;
    default:
      return false;
  }
}

// What is decrypted with the key in force.
bool HasMedia(LineKind kind) {
  return kind == LineKind::kExtInf || kind == LineKind::kByteRange || kind == LineKind::kPart ||
         kind == LineKind::kUri;
}

bool HasUriAttribute(LineKind kind) {
  switch (kind) {
    case LineKind::kIFrameStreamInf:
    case LineKind::kKey:
    case LineKind::kMap:
    case LineKind::kMedia:
    case LineKind::kPart:
    case LineKind::kPreloadHint:
    case LineKind::kRenditionReport:
    case LineKind::kSessionData:
    case LineKind::kSessionKey:
      return true;
    default:
      return false;
  }
}

// Whether the number of each segment is its IV. RFC 8216, section 4.3.2.4.
bool NumbersAreIvs(std::string_view key) {
  const auto format = AttributeOf(key, "KEYFORMAT");
  return AttributeOf(key, "METHOD") != "NONE" && (format.empty() || format == "identity") &&
         !FindAttribute(key, "IV").has_value();
}

class Rewriter {
 public:
  Rewriter(const Playlist& playlist, const RewriteOptions& options)
      : playlist_(playlist), options_(options), segment_(playlist.skipped) {}

  absl::StatusOr<std::string> Run(std::string_view text) {
    out_.reserve(text.size() + text.size() / 4);
    LineReader lines(text);
    out_ += lines.bom();
    const auto header = lines.Next();
    if (header.has_value()) WriteHeader(*header);
    while (const auto line = lines.Next()) {
      if (options_.numbers.has_value()) {
        WriteNumbered(*line);
      } else {
        WriteLine(*line);
      }
      if (out_.size() > kMaxResultBytes) {
        return OriginFailure(absl::StatusCode::kResourceExhausted,
                             "the playlist with its ids is too long");
      }
    }
    return std::move(out_);
  }

 private:
  void WriteHeader(const Line& line) {
    if (!options_.numbers.has_value()) return WriteLine(line);
    if (!line.ending.empty()) line_end_ = line.ending;
    (out_ += line.text) += line_end_;
    const PlaylistNumbers& numbers = *options_.numbers;
    absl::StrAppend(&out_, "#EXT-X-MEDIA-SEQUENCE:", numbers.media_sequence, ToAbsl(line_end_));
    absl::StrAppend(&out_, "#EXT-X-DISCONTINUITY-SEQUENCE:", numbers.discontinuity_sequence,
                    ToAbsl(line_end_));
  }

  // With the numbers of the player instead of the origin's.
  void WriteNumbered(const Line& line) {
    switch (line.kind) {
      case LineKind::kMediaSequence:
      case LineKind::kDiscontinuitySequence:
      case LineKind::kRenditionReport:
        return;
      default:
        break;
    }
    if (BelongsToSegment(line.kind)) WriteMissingDiscontinuity();
    if (line.kind == LineKind::kKey) return WriteKey(line);
    if (HasMedia(line.kind)) WriteMissingKey();
    WriteLine(line);
    if (line.kind == LineKind::kUri) ++segment_;
  }

  void WriteMissingDiscontinuity() {
    if (discontinuity_written_ || options_.numbers->discontinuity_before != segment_) return;
    (out_ += "#EXT-X-DISCONTINUITY") += line_end_;
    discontinuity_written_ = true;
  }

  void WriteKey(const Line& line) {
    const auto format = AttributeOf(line.value, "KEYFORMAT");
    if (format.empty() || format == "identity") key_.clear();
    if (!NumbersAreIvs(line.value)) return WriteLine(line);
    const size_t start = out_.size();
    WriteText(line);
    key_ = out_.substr(start);
    out_.resize(start);
    key_ending_ = line.ending;
    key_written_for_ = std::nullopt;
    WriteMissingKey();
  }

  void WriteMissingKey() {
    if (key_.empty() || key_written_for_ == segment_) return;
    const uint64_t number = playlist_.media_sequence + segment_;
    absl::StrAppend(&out_, key_, ",IV=0x0000000000000000", absl::Hex(number, absl::kZeroPad16),
                    ToAbsl(key_ending_));
    key_written_for_ = segment_;
  }

  void WriteLine(const Line& line) {
    WriteText(line);
    out_ += line.ending;
  }

  void WriteText(const Line& line) {
    if (line.kind == LineKind::kUri) {
      const size_t begin = line.text.find_first_not_of(" \t\r");
      const size_t end = line.text.find_last_not_of(" \t\r") + 1;
      return WriteWithUri(line.text, begin, end - begin);
    }
    const auto uri = HasUriAttribute(line.kind) ? FindAttribute(line.value, "URI") : std::nullopt;
    if (!uri.has_value()) {
      out_ += line.text;
      return;
    }
    const size_t value = static_cast<size_t>(line.value.data() - line.text.data());
    WriteWithUri(line.text, value + uri->begin, uri->size);
  }

  // `text`, in which the URI lies at `begin`.
  void WriteWithUri(std::string_view text, size_t begin, size_t size) {
    out_ += text.substr(0, begin);
    WriteUri(text.substr(begin, size));
    out_ += text.substr(begin + size);
  }

  void WriteUri(std::string_view uri) {
    // What a variable stands for (EXT-X-DEFINE) may be another host.
    const bool unknown = uri.empty() || uri.starts_with("{$");
    auto own = unknown ? std::nullopt : AtOwnHost(uri, options_.own_authorities);
    if (!own.has_value()) {
      out_ += uri;
      return;
    }
    if (!options_.base_path.empty()) own = Resolve(*own, options_.base_path);
    // By itself //path would name a host.
    if (own->starts_with("//")) out_ += "/.";
    out_ += WithId(*own, options_.id);
  }

  const Playlist& playlist_;
  const RewriteOptions& options_;
  std::string out_;
  std::string_view line_end_ = "\n";
  uint64_t segment_;  // The index of the next one.
  bool discontinuity_written_ = false;
  std::string key_;  // The line of the key whose IVs are numbers; "" when there is none.
  std::string_view key_ending_;
  std::optional<uint64_t> key_written_for_;
};

}  // namespace

absl::StatusOr<std::string> RewritePlaylist(std::string_view text, const Playlist& playlist,
                                            const RewriteOptions& options) {
  return Rewriter(playlist, options).Run(text);
}

}  // namespace srsproxy::hls
