// NAME=VALUE of `config set`, as a field of Config.
#pragma once

#include <string>
#include <string_view>

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "srsproxy/v1/config.pb.h"

namespace srsproxy::ctl {

// The setting's name in Config for a name as in the file, the flag or the environment: `log_level`,
// `log-level`, `PROXY_LOG_LEVEL`. INVALID_ARGUMENT: there is no such setting.
absl::StatusOr<std::string> SettingName(std::string_view text);

// Sets the field `name` of `config` to a value written as in the environment; an empty one clears
// it. INVALID_ARGUMENT: `value` is not of the field's type; whether it makes sense, the proxy
// knows.
absl::Status SetSetting(v1::Config& config, const std::string& name, const std::string& value);

}  // namespace srsproxy::ctl
