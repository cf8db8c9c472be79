#include "tools/srsproxyctl/commands/config_value.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <absl/strings/str_split.h>
#include <absl/time/time.h>
#include <google/protobuf/descriptor.h>

#include "srsproxy/v1/setting.pb.h"
#include "tools/srsproxyctl/commands/arguments.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kVariablePrefix = "proxy_";

absl::Status Wrong(const FieldDescriptor& field, const std::string& value,
                   std::string_view wanted) {
  return absl::InvalidArgumentError(field.name() + ": '" + value + "' is not " +
                                    std::string(wanted));
}

absl::Status SetChoice(v1::Config& config, const FieldDescriptor& field, const std::string& value) {
  const EnumDescriptor& choices = *field.enum_type();
  std::string known;
  for (int i = 1; i < choices.value_count(); ++i) {
    const std::string name = EnumText(choices, choices.value(i)->number());
    if (name == LowerCase(value)) {
      config.GetReflection()->SetEnum(&config, &field, choices.value(i));
      return absl::OkStatus();
    }
    known += (known.empty() ? "" : ", ") + name;
  }
  return Wrong(field, value, "one of: " + known);
}

absl::Status SetSwitch(v1::Config& config, const FieldDescriptor& field, const std::string& value) {
  const std::string lower = LowerCase(value);
  const bool on = lower == "on" || lower == "true" || lower == "yes" || lower == "1";
  const bool off = lower == "off" || lower == "false" || lower == "no" || lower == "0";
  if (!on && !off) return Wrong(field, value, "on or off");
  config.GetReflection()->SetBool(&config, &field, on);
  return absl::OkStatus();
}

absl::Status SetNumber(v1::Config& config, const FieldDescriptor& field, const std::string& value) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size()) {
    return Wrong(field, value, "a whole number");
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
    config.GetReflection()->SetUInt64(&config, &field, number);
  } else if (number <= UINT32_MAX) {
    config.GetReflection()->SetUInt32(&config, &field, static_cast<uint32_t>(number));
  } else {
    return Wrong(field, value, "a number below 4294967296");
  }
  return absl::OkStatus();
}

absl::Status SetDuration(v1::Config& config, const FieldDescriptor& field,
                         const std::string& value) {
  absl::Duration duration;
  if (!absl::ParseDuration(value, &duration) || duration < absl::ZeroDuration() ||
      duration == absl::InfiniteDuration()) {
    return Wrong(field, value, "a length of time like 500ms or 1m30s");
  }
  config.GetReflection()->MutableMessage(&config, &field)->CopyFrom(ToProto(duration));
  return absl::OkStatus();
}

void SetTexts(v1::Config& config, const FieldDescriptor& field, const std::string& value) {
  const std::string& declared = field.options().GetExtension(v1::setting).separator();
  const std::string separator = declared.empty() ? "," : declared;
  for (const auto part : absl::StrSplit(value, separator, absl::SkipWhitespace())) {
    const size_t begin = part.find_first_not_of(' ');
    const size_t end = part.find_last_not_of(' ');
    config.GetReflection()->AddString(&config, &field,
                                      std::string(part.substr(begin, end - begin + 1)));
  }
}

}  // namespace

absl::StatusOr<std::string> SettingName(std::string_view text) {
  std::string name = LowerCase(text);
  std::replace(name.begin(), name.end(), '-', '_');
  if (name.starts_with(kVariablePrefix)) name.erase(0, kVariablePrefix.size());
  if (v1::Config::descriptor()->FindFieldByName(name) != nullptr) return name;
  return absl::InvalidArgumentError("there is no setting '" + std::string(text) +
                                    "'\nHint: srsproxyctl config get shows them all");
}

absl::Status SetSetting(v1::Config& config, const std::string& name, const std::string& value) {
  const FieldDescriptor* found = v1::Config::descriptor()->FindFieldByName(name);
  if (found == nullptr) return absl::InvalidArgumentError("there is no setting '" + name + "'");
  const FieldDescriptor& field = *found;
  config.GetReflection()->ClearField(&config, &field);
  if (value.empty()) return absl::OkStatus();
  if (field.is_repeated()) {
    SetTexts(config, field, value);
    return absl::OkStatus();
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetChoice(config, field, value);
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetSwitch(config, field, value);
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return SetNumber(config, field, value);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetDuration(config, field, value);
    default:
      config.GetReflection()->SetString(&config, &field, value);
      return absl::OkStatus();
  }
}

}  // namespace srsproxy::ctl
