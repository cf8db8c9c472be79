// What may stand in the app and the name of a stream, and the one spelling of it.
//
// A level of a path (an app is one or more, a stream's name the last) is made normal in one step:
// escapes are decoded until none is left, save those of `/`, `?`, `#` and of a `%` that would begin
// an escape, which are written in upper case; blanks (space, tab, CR, LF) are dropped, as SRS does.
// So a normal level, read again as it stands or escaped in a URL, is itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy {

// A level that is no part of a name, as in Flash's URLs; nor is it a vhost.
inline constexpr std::string_view kSkippedLevel = "_definst_";

// `text` without spaces, tabs, CR and LF.
std::string WithoutBlanks(std::string_view text);

// Appends the levels of `path`, made normal; empty ones and `_definst_` are skipped.
// INVALID_ARGUMENT, client at fault: one that is not UTF-8 text, has control characters, `?`, `#`
// or `...vhost...`, or is `.` or `..`.
absl::Status AppendStreamLevels(std::string_view path, std::vector<std::string>& levels);

// A normal level without .flv, .m3u8, .ts, .aac and .mp3 at its end, however many there are.
// INVALID_ARGUMENT, client at fault: nothing is left that may be the name of a stream.
absl::StatusOr<std::string> StreamNameOf(std::string_view level);

// Normal levels as they stand in the path of a URL. A '%' is part of an escape there, or needs
// none, and stays; Boost.URL would always escape it.
std::string EscapedForPath(std::string_view levels);

}  // namespace srsproxy
