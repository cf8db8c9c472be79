// StaticPathOf: which file below a folder a request target names. RFC 3986 sections 2.1 and 3.3.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace srsproxy::http {

// The path of a request target below the folder, without its first slash: percent escapes decoded;
// "" is the folder itself. Nullopt: no file can have it, as with "..", an empty level, a name that
// begins with a dot, a backslash or a control character.
std::optional<std::string> StaticPathOf(std::string_view target);

}  // namespace srsproxy::http
