// A short name for a text, the same in every process and every version.
#pragma once

#include <string>
#include <string_view>

namespace srsproxy {

// 32 hexadecimal digits: the first half of the text's SHA-256.
std::string Fingerprint(std::string_view text);

}  // namespace srsproxy
