#include "tools/srsproxyctl/output/text.h"

#include <algorithm>
#include <cwchar>
#include <iterator>
#include <locale>
#include <map>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
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

bool IsUtf8(const std::string& text) {
  using Converter = std::codecvt<char32_t, char8_t, std::mbstate_t>;
  const auto& converter = std::use_facet<Converter>(std::locale::classic());
  const auto* begin = reinterpret_cast<const char8_t*>(text.data());
  const char8_t* read = begin;
  std::u32string converted(text.size(), U'\0');
  char32_t* written = converted.data();
  std::mbstate_t state{};
  const auto result = converter.in(state, begin, begin + text.size(), read, converted.data(),
                                   converted.data() + converted.size(), written);
  const auto is_surrogate = [](char32_t code) { return code >= 0xD800 && code <= 0xDFFF; };
  return result == std::codecvt_base::ok && std::none_of(converted.data(), written, is_surrogate);
}

std::string LowerCase(std::string_view text) {
  return absl::AsciiStrToLower({text.data(), text.size()});
}

std::string EnumText(const google::protobuf::EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return "unknown";
  const std::string& unset = type.value(0)->name();  // ORIGIN_HEALTH_UNSPECIFIED
  return LowerCase(std::string_view(value->name()).substr(unset.rfind('_') + 1));
}

std::string Count(int64_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string LabelsText(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  return OrNothing(absl::StrJoin(sorted, ",", absl::PairFormatter("=")));
}

std::string BitRateText(double bits_per_second) {
  static constexpr const char* kUnits[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  size_t unit = 0;
  while (bits_per_second >= 1000 && unit + 1 < std::size(kUnits)) {
    bits_per_second /= 1000;
    ++unit;
  }
  return absl::StrFormat("%.*f %s", unit == 0 ? 0 : 1, bits_per_second, kUnits[unit]);
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& texts,
                 std::string_view separator) {
  return absl::StrJoin(texts, {separator.data(), separator.size()});
}

}  // namespace srsproxy::ctl
