#include "dataplane/core/live_config.h"

#include <utility>

namespace srsproxy {

LiveConfig::Subscription::Subscription(const LiveConfig& to, Callback callback)
    : to_(to), position_([&] {
        const std::lock_guard lock(to.callbacks_mutex_);
        return to.callbacks_.insert(to.callbacks_.end(), std::move(callback));
      }()) {}

LiveConfig::Subscription::~Subscription() {
  const std::lock_guard lock(to_.callbacks_mutex_);
  to_.callbacks_.erase(position_);
}

LiveConfig::LiveConfig(Config config)
    : config_(std::make_shared<const Config>(std::move(config))) {}

std::shared_ptr<const Config> LiveConfig::Get() const {
  const std::lock_guard lock(mutex_);
  return config_;
}

void LiveConfig::Set(Config config) {
  const auto now = std::make_shared<const Config>(std::move(config));
  const std::lock_guard callbacks_lock(callbacks_mutex_);
  auto before = now;
  {
    const std::lock_guard lock(mutex_);
    config_.swap(before);
  }
  for (Callback& callback : callbacks_) callback(*before, *now);
}

}  // namespace srsproxy
