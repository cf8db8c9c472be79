// How values of the API read in tables.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>
#include <google/protobuf/map.h>
#include <google/protobuf/repeated_ptr_field.h>
#include <google/protobuf/timestamp.pb.h>

namespace srsproxy::ctl {

inline constexpr char kNothing[] = "-";  // An absent value.

std::string OrNothing(std::string_view text);
std::string YesOrNo(bool value);

// RFC 3339 in UTC, to the second; `present`: its has_….
std::string TimeText(bool present, const google::protobuf::Timestamp& time);

// A weight or another ratio, without needless digits.
std::string NumberText(double value);

// Whether `text` is well-formed UTF-8, as every text of the API must be.
bool IsUtf8(const std::string& text);

// ASCII only.
std::string LowerCase(std::string_view text);

// A value of an enum of the API without the enum's own prefix, in lower case: ORIGIN_HEALTH_DEAD is
// "dead". One that this srsproxyctl does not know is "unknown".
std::string EnumText(const google::protobuf::EnumDescriptor& type, int number);
template <typename Enum>
std::string EnumText(Enum value) {
  return EnumText(*google::protobuf::GetEnumDescriptor<Enum>(), value);
}

// The values of the enum by their texts, save UNSPECIFIED.
template <typename Enum>
std::map<std::string, Enum> EnumsByText() {
  const auto& type = *google::protobuf::GetEnumDescriptor<Enum>();
  std::map<std::string, Enum> values;
  for (int i = 1; i < type.value_count(); ++i) {
    const int number = type.value(i)->number();
    values.emplace(EnumText(type, number), static_cast<Enum>(number));
  }
  return values;
}

// "1 stream", "2 streams".
std::string Count(int64_t number, std::string_view noun);

// `key=value` pairs with commas between them, sorted.
std::string LabelsText(const google::protobuf::Map<std::string, std::string>& labels);

// Bits a second with a unit: "12.3 Mbit/s".
std::string BitRateText(double bits_per_second);

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& texts,
                 std::string_view separator);

}  // namespace srsproxy::ctl
