// The lines of a playlist, and the tags among them that mean something to a proxy.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace srsproxy::hls {

enum class LineKind : uint8_t {
  kOther,  // Blank lines, comments, and tags that mean nothing here.
  kUri,
  // Tags, without their EXT-X-.
  kHeader,  // EXTM3U
  kByteRange,
  kDiscontinuity,
  kDiscontinuitySequence,
  kEndList,
  kExtInf,  // EXTINF
  kGap,
  kIFrameStreamInf,
  kKey,
  kMap,
  kMedia,
  kMediaSequence,
  kPart,
  kPreloadHint,
  kProgramDateTime,
  kRenditionReport,
  kSessionData,
  kSessionKey,
  kSkip,
  kStreamInf,
  kTargetDuration,
};

struct Line {
  LineKind kind = LineKind::kOther;
  std::string_view text;    // Without its ending.
  std::string_view ending;  // CRLF, LF, or nothing at the end of the playlist.
  std::string_view value;   // Of a tag: what follows the colon.
};

// Reads a playlist line by line. A BOM before the first line belongs to none.
class LineReader {
 public:
  explicit LineReader(std::string_view playlist);

  std::string_view bom() const { return bom_; }
  // Nullopt: there is no further line.
  std::optional<Line> Next();

 private:
  std::string_view bom_;
  std::string_view rest_;
};

// Where a value lies in an attribute list.
struct Attribute {
  size_t begin = 0;  // Of a quoted value: behind its first quote.
  size_t size = 0;
};

// RFC 8216, section 4.2; nullopt: there is none of that name.
std::optional<Attribute> FindAttribute(std::string_view list, std::string_view name);

// The value of an attribute, without quotes; "" when there is none.
std::string_view AttributeOf(std::string_view list, std::string_view name);

// A decimal number at the start of `text`; 0 when there is none that fits.
uint64_t NumberAt(std::string_view text);

}  // namespace srsproxy::hls
