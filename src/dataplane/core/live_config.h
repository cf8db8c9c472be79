// The settings in force, which may change while the proxy runs.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/config.h"

namespace srsproxy {

// Thread-safe. Who works by the settings for longer, such as a session, takes them once and keeps
// them: open sessions go on as they began.
class LiveConfig {
 public:
  // Called after each change, when Get() shows it already, on the thread that made it, one change
  // after another. Must not block, nor call Set, nor make or destroy a Subscription.
  using Callback = absl::AnyInvocable<void(const Config& before, const Config& now)>;

  // Once destroyed, no call is running any more.
  class Subscription {
   public:
    // `to` outlives it.
    Subscription(const LiveConfig& to, Callback callback);
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription();

   private:
    const LiveConfig& to_;
    const std::list<Callback>::iterator position_;
  };

  explicit LiveConfig(Config config);

  // Never null. Takes a lock for a moment: for each session or call, never for each packet.
  std::shared_ptr<const Config> Get() const;

  // What is read only at start has to stay as it was.
  void Set(Config config);

 private:
  mutable std::mutex mutex_;  // Guards config_.
  std::shared_ptr<const Config> config_;

  mutable std::mutex callbacks_mutex_;  // Held while callbacks run, and taken before mutex_.
  mutable std::list<Callback> callbacks_;
};

}  // namespace srsproxy
