// The settings of this proxy while it runs: where they come from, and what is changed of them.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "controlplane/config/config_loader.h"
#include "controlplane/config/config_schema.h"
#include "controlplane/config/config_sources.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/proxy_service.pb.h"

namespace srsproxy::control {

// Thread-safe. What an operator sets at run time wins over every source and is kept nowhere else. A
// change is checked together with all that stays; then all of it takes effect, or nothing.
class ConfigStore {
 public:
  struct Dependencies {
    LiveConfig& live;  // Changed by nobody else.
    const Logger& logger;
    Metrics& metrics;
  };

  // `loaded` is what LoadConfig made of `sources`, and in force. The referred objects outlive it.
  ConfigStore(ConfigSources sources, LoadedConfig loaded, const Dependencies& dependencies);

  v1::GetConfigResponse Get() const;

  // INVALID_ARGUMENT with INVALID_FIELD names the setting, or the mask. FAILED_PRECONDITION with
  // NEEDS_RESTART.
  absl::StatusOr<v1::UpdateConfigResponse> Update(const v1::UpdateConfigRequest& request);

  // Reads the sources anew and drops what Update has set; settings that need a restart stay as they
  // are. Waits for the disk. Logs what has changed, or why nothing has. Errors as LoadConfig.
  absl::StatusOr<v1::ReloadConfigResponse> Reload(bool validate_only);

 private:
  using SettingValues = google::protobuf::RepeatedPtrField<v1::SettingValue>;

  // All of these are called with mutex_ held.
  absl::StatusOr<v1::ReloadConfigResponse> TryReload(bool validate_only);
  SettingValues ChangesTo(const LoadedConfig& next) const;
  void PutInForce(LoadedConfig next, const SettingValues& changes);

  const std::vector<Setting> settings_ = AllSettings();
  const ConfigSources sources_;
  const Dependencies dependencies_;

  mutable std::mutex mutex_;
  WrittenSettings read_;     // What the sources hold.
  WrittenSettings runtime_;  // What Update has set.
  LoadedConfig config_;      // In force.
};

}  // namespace srsproxy::control
