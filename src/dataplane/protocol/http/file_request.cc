#include "dataplane/protocol/http/file_request.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <absl/strings/str_cat.h>

#include "dataplane/core/status.h"

namespace srsproxy::http {
namespace {

constexpr char kDateFormat[] = "%a, %d %b %Y %H:%M:%S GMT";

std::string DateOf(absl::Time time) {
  return absl::FormatTime(kDateFormat, time, absl::UTCTimeZone());
}

// The obsolete forms that RFC 9110 section 5.6.7 lists are taken for no date, which is safe: the
// file is sent.
std::optional<absl::Time> ParseDate(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(kDateFormat, ToAbsl(text), &time, nullptr)) return std::nullopt;
  return time;
}

absl::Time InSeconds(absl::Time time) { return absl::FromUnixSeconds(absl::ToUnixSeconds(time)); }

std::string_view WithoutWeakness(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

enum class Comparison : uint8_t { kWeak, kStrong };

// Whether `list` is "*" or holds `tag`, which is strong. Tags hold no commas here.
bool Lists(std::string_view list, std::string_view tag, Comparison comparison) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (comparison == Comparison::kWeak) one = WithoutWeakness(one);
    if (one == "*" || one == tag) return true;
  }
  return false;
}

// 0: none of the conditions prevents it. RFC 9110 section 13.2.2.
unsigned Precondition(const Fields& fields, const FileState& file, std::string_view tag) {
  const absl::Time modified = InSeconds(file.modified);
  if (const auto list = ValueOf(fields, "If-Match"); !list.empty()) {
    if (!Lists(list, tag, Comparison::kStrong)) return 412;
  } else if (const auto date = ParseDate(ValueOf(fields, "If-Unmodified-Since"))) {
    if (modified > *date) return 412;
  }
  if (const auto list = ValueOf(fields, "If-None-Match"); !list.empty()) {
    if (Lists(list, tag, Comparison::kWeak)) return 304;
  } else if (const auto date = ParseDate(ValueOf(fields, "If-Modified-Since"))) {
    if (modified <= *date) return 304;
  }
  return 0;
}

struct Range {
  uint64_t begin = 0;
  uint64_t length = 0;  // 0: cannot be satisfied.
};

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (text.empty() || read.ptr != end) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) return UINT64_MAX;
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// Nullopt: no range, several, or none that can be read; then the whole file is meant.
std::optional<Range> ParseRange(std::string_view text, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const size_t dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto first = Number(text.substr(0, dash));
  const auto last = Number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last.has_value()) return std::nullopt;
    const uint64_t length = std::min(*last, size);
    return Range{size - length, length};
  }
  if (!first.has_value() || (!last.has_value() && dash + 1 < text.size())) return std::nullopt;
  if (last.has_value() && *last < *first) return std::nullopt;
  if (*first >= size) return Range{};
  return Range{*first, std::min(last.value_or(UINT64_MAX), size - 1) - *first + 1};
}

// RFC 9110 section 13.1.5: with another version of the file the range means nothing.
bool RangeStands(const Fields& fields, const FileState& file, std::string_view tag) {
  const auto condition = ValueOf(fields, "If-Range");
  if (condition.empty() || condition == tag) return true;
  const auto date = ParseDate(condition);
  return date.has_value() && *date == InSeconds(file.modified);
}

}  // namespace

std::string EntityTagOf(const FileState& file) {
  return absl::StrCat("\"", absl::Hex(file.size), "-", absl::Hex(absl::ToUnixNanos(file.modified)),
                      "\"");
}

FileReply ReplyTo(const RequestHead& request, const FileState& file) {
  FileReply reply{.length = file.size};
  const std::string tag = EntityTagOf(file);
  reply.fields.set("ETag", tag);
  reply.fields.set("Last-Modified", DateOf(file.modified));
  reply.fields.set("Accept-Ranges", "bytes");
  if (const unsigned status = Precondition(request.fields, file, tag); status != 0) {
    reply.status = status;
    reply.length = 0;
    if (status != 304) reply.fields.set("Content-Length", "0");
    return reply;
  }
  const auto range = request.method == "GET" && RangeStands(request.fields, file, tag)
                         ? ParseRange(ValueOf(request.fields, "Range"), file.size)
                         : std::nullopt;
  if (range.has_value()) {
    reply.status = range->length > 0 ? 206 : 416;
    reply.begin = range->begin;
    reply.length = range->length;
    const std::string which =
        range->length > 0 ? absl::StrCat(range->begin, "-", range->begin + range->length - 1) : "*";
    reply.fields.set("Content-Range", absl::StrCat("bytes ", which, "/", file.size));
  }
  reply.fields.set("Content-Length", std::to_string(reply.length));
  if (request.method == "HEAD") reply.length = 0;
  return reply;
}

}  // namespace srsproxy::http
