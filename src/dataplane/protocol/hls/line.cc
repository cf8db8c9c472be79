#include "dataplane/protocol/hls/line.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace srsproxy::hls {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

struct TagName {
  std::string_view name;
  LineKind kind;
};

constexpr TagName kTags[] = {
    {"#EXTINF", LineKind::kExtInf},
    {"#EXT-X-BYTERANGE", LineKind::kByteRange},
    {"#EXT-X-DISCONTINUITY", LineKind::kDiscontinuity},
    {"#EXT-X-DISCONTINUITY-SEQUENCE", LineKind::kDiscontinuitySequence},
    {"#EXT-X-ENDLIST", LineKind::kEndList},
    {"#EXT-X-GAP", LineKind::kGap},
    {"#EXT-X-I-FRAME-STREAM-INF", LineKind::kIFrameStreamInf},
    {"#EXT-X-KEY", LineKind::kKey},
    {"#EXT-X-MAP", LineKind::kMap},
    {"#EXT-X-MEDIA", LineKind::kMedia},
    {"#EXT-X-MEDIA-SEQUENCE", LineKind::kMediaSequence},
    {"#EXT-X-PART", LineKind::kPart},
    {"#EXT-X-PRELOAD-HINT", LineKind::kPreloadHint},
    {"#EXT-X-PROGRAM-DATE-TIME", LineKind::kProgramDateTime},
    {"#EXT-X-RENDITION-REPORT", LineKind::kRenditionReport},
    {"#EXT-X-SESSION-DATA", LineKind::kSessionData},
    {"#EXT-X-SESSION-KEY", LineKind::kSessionKey},
    {"#EXT-X-SKIP", LineKind::kSkip},
    {"#EXT-X-STREAM-INF", LineKind::kStreamInf},
    {"#EXT-X-TARGETDURATION", LineKind::kTargetDuration},
};

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r") == text.npos; }

void Classify(Line& line) {
  if (!line.text.starts_with('#')) {
    if (!IsBlank(line.text)) line.kind = LineKind::kUri;
    return;
  }
  if (!line.text.starts_with("#EXT")) return;
  const auto name = line.text.substr(0, line.text.find_first_of(": \t\r"));
  if (name == "#EXTM3U") {
    line.kind = LineKind::kHeader;
    return;
  }
  const auto* tag = std::find_if(std::begin(kTags), std::end(kTags),
                                 [name](const TagName& known) { return known.name == name; });
  if (tag == std::end(kTags)) return;
  line.kind = tag->kind;
  line.value = line.text.substr(name.size());
  if (line.value.starts_with(':')) line.value.remove_prefix(1);
}

}  // namespace

LineReader::LineReader(std::string_view playlist) : rest_(playlist) {
  if (!rest_.starts_with(kBom)) return;
  bom_ = rest_.substr(0, kBom.size());
  rest_.remove_prefix(kBom.size());
}

std::optional<Line> LineReader::Next() {
  if (rest_.empty()) return std::nullopt;
  Line line;
  const size_t lf = std::min(rest_.find('\n'), rest_.size());
  const bool has_cr = lf < rest_.size() && lf > 0 && rest_[lf - 1] == '\r';
  const size_t end = has_cr ? lf - 1 : lf;
  const size_t next = std::min(lf + 1, rest_.size());
  line.text = rest_.substr(0, end);
  line.ending = rest_.substr(end, next - end);
  rest_.remove_prefix(next);
  Classify(line);
  return line;
}

std::optional<Attribute> FindAttribute(std::string_view list, std::string_view name) {
  size_t at = 0;
  while (at < list.size()) {
    at = list.find_first_not_of(" \t,", at);
    if (at == list.npos) break;
    const size_t equals = list.find('=', at);
    if (equals == list.npos) break;
    const std::string_view found = list.substr(at, equals - at);
    Attribute value{.begin = equals + 1};
    const bool quoted = list.substr(value.begin).starts_with('"');
    if (quoted) ++value.begin;
    const size_t end = list.find(quoted ? '"' : ',', value.begin);
    if (quoted && end == list.npos) break;
    value.size = std::min(end, list.size()) - value.begin;
    if (found == name) return value;
    at = value.begin + value.size + 1;
  }
  return std::nullopt;
}

std::string_view AttributeOf(std::string_view list, std::string_view name) {
  const auto found = FindAttribute(list, name);
  return found.has_value() ? list.substr(found->begin, found->size) : std::string_view();
}

uint64_t NumberAt(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? number : 0;
}

}  // namespace srsproxy::hls
