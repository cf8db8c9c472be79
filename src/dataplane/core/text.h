// Checks on text that strangers send, before it is kept, logged or shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace srsproxy {

// The length of the well-formed UTF-8 sequence (RFC 3629, section 4) that `text` starts with; 0
// when there is none.
size_t Utf8SequenceLength(std::string_view text);

// Whether `sequence`, one well-formed UTF-8 sequence, is a control character (C0, DEL, C1).
bool IsControl(std::string_view sequence);

// Valid UTF-8 without control characters (C0, DEL, C1).
bool IsPrintableUtf8(std::string_view text);

// `text` for an error message: at most 64 bytes of it, escaped, in single quotes.
std::string Quoted(std::string_view text);

}  // namespace srsproxy
