#include "tools/srsproxyctl/text.h"

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

namespace srsproxy::ctl {

std::string OrNothing(std::string_view text) { return std::string(text.empty() ? kNothing : text); }

std::string YesOrNo(bool value) { return value ? "yes" : "no"; }

std::string TimeText(bool present, const google::protobuf::Timestamp& time) {
  if (!present) return kNothing;
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string NumberText(double value) { return absl::StrCat(value); }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& character : lower) {
    if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
  }
  return lower;
}

std::string EnumText(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return "unknown";
  return LowerCase(name.substr(prefix.size()));
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& texts,
                 std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += text;
  }
  return joined;
}

}  // namespace srsproxy::ctl
