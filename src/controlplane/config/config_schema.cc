#include "controlplane/config/config_schema.h"

#include <algorithm>
#include <cstdint>

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>
#include <absl/time/time.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/reflection.h>

#include "dataplane/core/text.h"

namespace srsproxy::control {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

constexpr size_t kMostBytes = 64 * 1024;
constexpr absl::Duration kLongest = absl::Hours(24 * 366);

// LOG_LEVEL_DEBUG is written `debug`: the enum's own name and the case are left out.
std::string EnumValueText(const EnumValueDescriptor* value) {
  const EnumDescriptor* type = value->type();
  const std::string& unspecified = type->value(0)->name();  // LOG_LEVEL_UNSPECIFIED
  const size_t prefix = unspecified.size() - std::string_view("UNSPECIFIED").size();
  return absl::AsciiStrToLower(value->name().substr(prefix));
}

// A number that is none of the values, which a caller may send, is written as it is.
std::string EnumText(const EnumDescriptor* type, int number) {
  const EnumValueDescriptor* value = type->FindValueByNumber(number);
  return value != nullptr ? EnumValueText(value) : std::to_string(number);
}

std::vector<std::string> EnumTexts(const EnumDescriptor* type) {
  std::vector<std::string> texts;
  for (int i = 1; i < type->value_count(); ++i) texts.push_back(EnumValueText(type->value(i)));
  return texts;
}

absl::Status Invalid(std::string_view text, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), ToAbsl(reason)));
}

absl::Status SetBool(std::string_view text, const FieldDescriptor* field, v1::Config& config) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(text));
  const bool on = lower == "on" || lower == "true" || lower == "1";
  if (!on && lower != "off" && lower != "false" && lower != "0") {
    return Invalid(text, " is neither on nor off");
  }
  config.GetReflection()->SetBool(&config, field, on);
  return absl::OkStatus();
}

absl::Status SetEnum(std::string_view text, const FieldDescriptor* field, v1::Config& config) {
  const std::string lower = absl::AsciiStrToLower(ToAbsl(text));
  const EnumDescriptor* type = field->enum_type();
  for (int i = 1; i < type->value_count(); ++i) {
    if (EnumValueText(type->value(i)) == lower) {
      config.GetReflection()->SetEnum(&config, field, type->value(i));
      return absl::OkStatus();
    }
  }
  return Invalid(text, absl::StrCat(" is none of ", absl::StrJoin(EnumTexts(type), ", ")));
}

absl::Status SetDuration(std::string_view text, const FieldDescriptor* field, v1::Config& config) {
  absl::Duration duration;
  if (!absl::ParseDuration(ToAbsl(text), &duration)) {
    return Invalid(text, " is no duration such as 500ms, 30s or 1h2m");
  }
  if (duration < absl::ZeroDuration()) return Invalid(text, " is negative");
  if (duration > kLongest) return Invalid(text, " is longer than a year");
  auto* message = static_cast<google::protobuf::Duration*>(
      config.GetReflection()->MutableMessage(&config, field));
  absl::Duration rest;
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return absl::OkStatus();
}

template <typename Number>
absl::StatusOr<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &number)) {
    return Invalid(text, " is no whole number from 0 up, or too large");
  }
  return number;
}

}  // namespace

Setting::Setting(const FieldDescriptor* field)
    : field_(field), options_(&field->options().GetExtension(v1::setting)) {}

std::string Setting::Variable() const { return "PROXY_" + absl::AsciiStrToUpper(name()); }

std::string Setting::Flag() const { return "--" + absl::StrReplaceAll(name(), {{"_", "-"}}); }

std::string Setting::Kind() const {
  if (!options_->kind().empty()) return options_->kind();
  switch (field_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "on|off";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrJoin(EnumTexts(field_->enum_type()), "|");
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "duration";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "number";
    default:
      return field_->is_repeated() ? "list" : "text";
  }
}

bool Setting::IsListener() const {
  return options_->kind() == "address" && !options_->default_value().empty();
}

std::string_view Setting::Separator() const {
  return options_->separator().empty() ? "," : std::string_view(options_->separator());
}

std::string_view Setting::Restriction() const {
  if (options_->not_yet().empty()) return "";
  const bool has_choices =
      Kind().find('|') != std::string::npos && field_->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  return has_choices ? "others not yet available" : "not yet available";
}

absl::Status Setting::Set(std::string_view text, v1::Config& config) const {
  if (text.size() > kMostBytes) {
    return absl::InvalidArgumentError(absl::StrCat("has more than ", kMostBytes, " bytes"));
  }
  const Reflection* reflection = config.GetReflection();
  if (field_->is_repeated()) {
    reflection->ClearField(&config, field_);
    for (const auto item : absl::StrSplit(ToAbsl(text), ToAbsl(Separator()))) {
      const std::string trimmed(absl::StripAsciiWhitespace(item));
      if (!trimmed.empty()) reflection->AddString(&config, field_, trimmed);
    }
    return absl::OkStatus();
  }
  switch (field_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return SetBool(text, field_, config);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(text, field_, config);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetDuration(text, field_, config);
    case FieldDescriptor::CPPTYPE_UINT32: {
      const absl::StatusOr<uint32_t> number = ParseNumber<uint32_t>(text);
      if (!number.ok()) return number.status();
      reflection->SetUInt32(&config, field_, *number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const absl::StatusOr<uint64_t> number = ParseNumber<uint64_t>(text);
      if (!number.ok()) return number.status();
      reflection->SetUInt64(&config, field_, *number);
      return absl::OkStatus();
    }
    default:
      reflection->SetString(&config, field_, std::string(text));
      return absl::OkStatus();
  }
}

std::string Setting::Text(const v1::Config& config) const {
  const Reflection* reflection = config.GetReflection();
  if (field_->is_repeated()) {
    const auto items = reflection->GetRepeatedFieldRef<std::string>(config, field_);
    return absl::StrJoin(std::vector<std::string>(items.begin(), items.end()), ToAbsl(Separator()));
  }
  switch (field_->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(config, field_) ? "on" : "off";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(field_->enum_type(), reflection->GetEnumValue(config, field_));
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const auto& message =
          static_cast<const google::protobuf::Duration&>(reflection->GetMessage(config, field_));
      const absl::Duration duration =
          absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
      return duration == absl::ZeroDuration() ? "0s" : absl::FormatDuration(duration);
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(reflection->GetUInt32(config, field_));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(reflection->GetUInt64(config, field_));
    default:
      return reflection->GetString(config, field_);
  }
}

std::string Setting::Masked(const v1::Config& config) const {
  return options_->secret() && IsSet(config) ? "***" : Text(config);
}

bool Setting::IsSet(const v1::Config& config) const {
  const Reflection* reflection = config.GetReflection();
  return field_->is_repeated() ? reflection->FieldSize(config, field_) > 0
                               : reflection->HasField(config, field_);
}

void Setting::Clear(v1::Config& config) const {
  config.GetReflection()->ClearField(&config, field_);
}

std::vector<Setting> AllSettings() {
  std::vector<Setting> settings;
  const google::protobuf::Descriptor* type = v1::Config::descriptor();
  for (int i = 0; i < type->field_count(); ++i) settings.emplace_back(type->field(i));
  return settings;
}

const Setting* FindSetting(const std::vector<Setting>& settings, std::string_view name) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& setting) { return setting.name() == name; });
  return found == settings.end() ? nullptr : &*found;
}

}  // namespace srsproxy::control
