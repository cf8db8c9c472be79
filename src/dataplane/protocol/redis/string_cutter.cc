#include "dataplane/protocol/redis/string_cutter.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kMaxHeader = 24;  // "$", a length, and the end of the line.

// In "$12\r\n". nullopt: it has none, as nil, or is none.
std::optional<size_t> LengthIn(std::string_view line) {
  if (line.size() > kMaxHeader) return std::nullopt;
  size_t length = 0;
  const char* const end = line.data() + line.size() - kLineEnd.size();
  const auto [parsed, error] = std::from_chars(line.data() + 1, end, length);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return std::min(length, std::numeric_limits<size_t>::max() - kLineEnd.size());
}

std::string TooLong(size_t length) {
  return absl::StrCat("-", ToAbsl(kTooLongCode), " a string of ", length, " bytes\r\n");
}

}  // namespace

void StringCutter::Cut(std::string_view bytes, Pass pass) {
  size_t at = 0;
  size_t passed = 0;
  const auto pass_on = [&] {
    if (at > passed) pass(bytes.substr(passed, at - passed));
    passed = at;
  };
  while (at < bytes.size()) {
    const std::string_view rest = bytes.substr(at);
    if (left_ > 0) {
      const size_t part = std::min(left_, rest.size());
      left_ -= part;
      at += part;
      if (skips_) passed = at;
      continue;
    }
    const bool is_header = !header_.empty() || (!in_line_ && rest.front() == '$');
    const Line line = LineIn(rest);
    in_line_ = !is_header && !line.ends;
    const std::string_view text = rest.substr(0, line.bytes);
    // What is whole, and not too long, is passed with what is around it.
    const bool is_whole = header_.empty() && line.ends;
    if (!is_header || (is_whole && !TakeHeader(text))) {
      at += line.bytes;
      continue;
    }
    pass_on();
    passed = at += line.bytes;
    is_whole ? pass(TooLong(length_)) : ContinueHeader(text, line.ends, pass);
  }
  pass_on();
}

bool StringCutter::TakeHeader(std::string_view line) {
  const auto length = LengthIn(line);
  length_ = length.value_or(0);
  left_ = length.has_value() ? length_ + kLineEnd.size() : 0;
  skips_ = length_ > max_;
  return skips_;
}

void StringCutter::ContinueHeader(std::string_view part, bool ends, Pass pass) {
  header_.append(part);
  // What is too long for a length is the parser's to refuse.
  in_line_ = !ends && header_.size() > kMaxHeader;
  if (!ends && !in_line_) return;
  const std::string header = std::exchange(header_, {});
  pass(ends && TakeHeader(header) ? TooLong(length_) : header);
}

StringCutter::Line StringCutter::LineIn(std::string_view bytes) {
  if (std::exchange(ends_in_cr_, false) && bytes.front() == '\n') return {1, true};
  const size_t end = bytes.find(kLineEnd);
  if (end != std::string_view::npos) return {end + kLineEnd.size(), true};
  ends_in_cr_ = bytes.back() == '\r';
  return {bytes.size(), false};
}

}  // namespace srsproxy::redis
