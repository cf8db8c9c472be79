#include "dataplane/core/stream_name.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "dataplane/core/percent.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kExtensions[] = {".flv", ".m3u8", ".ts", ".aac", ".mp3"};
// Escapes of these stay: decoded, they would be read as something else.
constexpr std::string_view kKept = "/?#%";
// Read as the start of a query by whoever reads the name again.
constexpr std::string_view kFmleVhost = "...vhost...";

absl::Status Invalid(std::string_view message) {
  return ClientFailure(absl::StatusCode::kInvalidArgument, message);
}

// The byte of the escape that `text` starts with.
std::optional<char> EscapedByte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const std::string decoded = PercentDecoded(text.substr(0, 3));
  if (decoded.size() != 1) return std::nullopt;
  return decoded.front();
}

// Appends `c` and decodes the escape that it ends, and the one that this ends, and so on.
void Append(std::string& level, char c) {
  while (kBlanks.find(c) == kBlanks.npos) {
    level.push_back(c);
    if (level.size() < 3) return;
    const size_t at = level.size() - 3;
    const auto byte = EscapedByte(std::string_view(level).substr(at));
    if (!byte.has_value()) return;
    if (kKept.find(*byte) != kKept.npos) {
      for (char& digit : std::span(level).last(2)) {
        digit = absl::ascii_toupper(static_cast<unsigned char>(digit));
      }
      return;
    }
    level.resize(at);
    c = *byte;
  }
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

std::string Normal(std::string_view raw) {
  std::string decoded;
  for (const char c : raw) Append(decoded, c);
  // A '%' that begins no escape needs none itself.
  std::string level;
  std::string_view rest = decoded;
  while (!rest.empty()) {
    const bool is_percent = rest.starts_with("%25");
    const std::string_view next = rest.substr(std::min<size_t>(rest.size(), 3), 2);
    level.push_back(rest.front());
    rest.remove_prefix(is_percent && (next.size() < 2 || !IsHex(next)) ? 3 : 1);
  }
  return level;
}

absl::Status Check(std::string_view level) {
  if (!IsPrintableUtf8(level)) {
    return Invalid(absl::StrCat("the stream's name has ", Quoted(level),
                                ", which is not UTF-8 text without control characters"));
  }
  if (level.find_first_of("?#") != level.npos) {
    return Invalid(absl::StrCat("the stream's name has ", Quoted(level), ", which has a query"));
  }
  if (level == "." || level == "..") {
    return Invalid(absl::StrCat("the stream's name has the path level ", Quoted(level)));
  }
  if (level.find(kFmleVhost) != level.npos) {
    return Invalid(absl::StrCat("the stream's name has '", ToAbsl(kFmleVhost), "' in escapes"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string WithoutBlanks(std::string_view text) {
  std::string out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char c) { return kBlanks.find(c) == kBlanks.npos; });
  return out;
}

absl::Status AppendStreamLevels(std::string_view path, std::vector<std::string>& levels) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    std::string level = Normal(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
    if (level.empty() || level == kSkippedLevel) continue;
    if (auto status = Check(level); !status.ok()) return status;
    levels.push_back(std::move(level));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> StreamNameOf(std::string_view level) {
  const auto ends_level = [&level](std::string_view extension) {
    return absl::EndsWithIgnoreCase(ToAbsl(level), ToAbsl(extension));
  };
  while (true) {
    const auto* const found =
        std::find_if(std::begin(kExtensions), std::end(kExtensions), ends_level);
    if (found == std::end(kExtensions)) break;
    level.remove_suffix(found->size());
  }
  if (level.empty() || level == kSkippedLevel) return Invalid("the stream's name is empty");
  if (auto status = Check(level); !status.ok()) return status;
  // With an extension in a URL.
  if (auto status = Check(absl::StrCat(ToAbsl(level), ".flv")); !status.ok()) return status;
  return std::string(level);
}

std::string EscapedForPath(std::string_view levels) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/%";
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : levels) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || kMarks.find(c) != kMarks.npos) {
      escaped += c;
    } else {
      ((escaped += '%') += kDigits[byte >> 4]) += kDigits[byte & 15];
    }
  }
  return escaped;
}

}  // namespace srsproxy
