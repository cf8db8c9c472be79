#include "dataplane/core/text.h"

#include <cstdint>

#include <absl/strings/escaping.h>

#include "dataplane/core/status.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxQuoted = 64;

}  // namespace

bool IsPrintableUtf8(std::string_view text) {
  size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<uint8_t>(text[i]);
    uint32_t code_point = lead;
    size_t length = 1;
    if (lead >= 0xF0 && lead <= 0xF4) {
      code_point = lead & 0x07;
      length = 4;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      code_point = lead & 0x0F;
      length = 3;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      code_point = lead & 0x1F;
      length = 2;
    } else if (lead >= 0x80) {
      return false;
    }
    if (text.size() - i < length) return false;
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (next & 0x3F);
    }
    const bool overlong =
        (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    const bool control = code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
    if (overlong || surrogate || control || code_point > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

std::string Quoted(std::string_view text) {
  const bool cut = text.size() > kMaxQuoted;
  const std::string_view shown = text.substr(0, kMaxQuoted);
  const bool plain = IsPrintableUtf8(shown);
  std::string quoted = "'";
  quoted += plain ? std::string(shown) : absl::CHexEscape(ToAbsl(shown));
  if (cut) quoted += "...";
  quoted += "'";
  return quoted;
}

}  // namespace srsproxy
