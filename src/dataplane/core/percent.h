// Percent-encoding: RFC 3986 section 2.1, read by hand, since clients write a '%' that begins no
// escape, for which Boost.URL refuses the whole text.
#pragma once

#include <string>
#include <string_view>

namespace srsproxy {

// `text` with each escape as the byte it stands for; escapes of bytes in `kept`, and a '%' that
// begins none, stay as they are.
std::string PercentDecoded(std::string_view text, std::string_view kept = {});

}  // namespace srsproxy
