// The settings in force, which may change while the proxy runs.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/config.h"
#include "dataplane/core/subscription.h"

namespace srsproxy {

// Thread-safe. Who works by the settings for longer, such as a session, takes them once and keeps
// them: open sessions go on as they began.
class LiveConfig {
 public:
  explicit LiveConfig(Config config);

  // Never null. Takes a lock for a moment: for each session or call, never for each packet.
  std::shared_ptr<const Config> Get() const;

  // What is read only at start has to stay as it was.
  void Set(Config config);

  // `callback` is called after each change, when Get() shows it already, on the thread that made
  // it, one change after another. It must not block, nor call Set, nor make or destroy a
  // Subscription.
  using Callback = absl::AnyInvocable<void(const Config& before, const Config& now)>;
  Subscription Subscribe(Callback callback) const { return subscribers_.Add(std::move(callback)); }

 private:
  mutable std::mutex mutex_;  // Guards config_.
  std::shared_ptr<const Config> config_;

  std::mutex set_mutex_;  // Held while a change is made and passed on; taken before mutex_.
  mutable Subscribers<Callback> subscribers_;
};

}  // namespace srsproxy
