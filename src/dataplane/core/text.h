// Checks on text that strangers send, before it is kept, logged or shown.
#pragma once

#include <string>
#include <string_view>

namespace srsproxy {

// Valid UTF-8 (RFC 3629) without control characters (C0, DEL, C1).
bool IsPrintableUtf8(std::string_view text);

// `text` for an error message: at most 64 bytes of it, escaped, in single quotes.
std::string Quoted(std::string_view text);

}  // namespace srsproxy
