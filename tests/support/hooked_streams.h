// A store of streams of which a test says how it is, and in which something happens right before a
// question is answered: what is seen then is of after it, and what was read before is not.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <utility>

#include "tests/support/forwarded_streams.h"

namespace srsproxy {

// Each hook is called once, at the next question of its kind.
class HookedStreams final : public ForwardedStreams {
 public:
  using ForwardedStreams::ForwardedStreams;

  mutable std::function<void()> before_find;
  mutable std::function<void()> before_find_in_other_vhost;

  // What the store says of itself from now on. Any thread.
  void SetState(StoreState state) { state_ = state; }
  StoreState state() const override { return state_; }
  std::optional<StreamMapping> Find(const StreamKey& key) const override {
    Call(before_find);
    return ForwardedStreams::Find(key);
  }
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override {
    Call(before_find_in_other_vhost);
    return ForwardedStreams::FindInOtherVhost(key);
  }

 private:
  static void Call(std::function<void()>& hook) {
    const auto once = std::exchange(hook, nullptr);
    if (once) once();
  }

  std::atomic<StoreState> state_{StoreState::kSynced};
};

}  // namespace srsproxy
