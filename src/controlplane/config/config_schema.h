// The settings as config.proto describes them, and their values as people write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "dataplane/core/status.h"
#include "srsproxy/v1/config.pb.h"
#include "srsproxy/v1/setting.pb.h"

namespace srsproxy::control {

// One field of v1::Config. Refers to the descriptor, which lives as long as the process.
class Setting {
 public:
  explicit Setting(const google::protobuf::FieldDescriptor* field);

  const std::string& name() const { return field_->name(); }  // rtmp_server
  std::string Variable() const;                               // PROXY_RTMP_SERVER
  std::string Flag() const;                                   // --rtmp-server
  const v1::SettingOptions& options() const { return *options_; }

  // What a value looks like: "address", "duration", "on|off", "debug|info|warn|error", ...
  std::string Kind() const;
  bool IsListener() const;
  // Between the items of a list.
  std::string_view Separator() const;

  // Empty, or what cannot be done with it yet: "not yet available", ...
  std::string_view Restriction() const;

  // Sets the field from `text`; INVALID_ARGUMENT names what is wrong with it. Durations are written
  // as in Go (`1h2m3.5s`), lists with their separator, booleans on, off, true, false, 1 or 0.
  absl::Status Set(std::string_view text, v1::Config& config) const;

  // The field's value as Set would read it.
  std::string Text(const v1::Config& config) const;
  // The same for people: `***` for a secret that is set.
  std::string Masked(const v1::Config& config) const;

  // False: the field is absent or empty.
  bool IsSet(const v1::Config& config) const;
  void Clear(v1::Config& config) const;

 private:
  const google::protobuf::FieldDescriptor* field_;
  const v1::SettingOptions* options_;
};

// Every setting, in the order of config.proto.
std::vector<Setting> AllSettings();

// Null: `settings` has none of that name.
const Setting* FindSetting(const std::vector<Setting>& settings, std::string_view name);

}  // namespace srsproxy::control
