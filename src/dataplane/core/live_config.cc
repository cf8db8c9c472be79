#include "dataplane/core/live_config.h"

#include <utility>

namespace srsproxy {

LiveConfig::LiveConfig(Config config)
    : config_(std::make_shared<const Config>(std::move(config))) {}

std::shared_ptr<const Config> LiveConfig::Get() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void LiveConfig::Set(Config config) {
  const auto now = std::make_shared<const Config>(std::move(config));
  const std::lock_guard set_lock(set_mutex_);
  auto before = now;
  {
    const std::lock_guard lock(mutex_);
    config_.swap(before);
  }
  subscribers_.ForEach([&](Callback& callback) { callback(*before, *now); });
}

}  // namespace srsproxy
