// Subscription: who is called when something changes, until its handle is destroyed.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace srsproxy {

// The subscriber's end of it. Once destroyed no call to the subscriber is running, nor will be: it
// waits for the calls that run, so who destroys it holds no lock that a subscriber takes, and is
// none of the calls. May outlive what it is subscribed to.
class [[nodiscard]] Subscription {
 public:
  Subscription() = default;  // To nothing.
  Subscription(Subscription&&) = default;
  Subscription& operator=(Subscription&&) = default;

 private:
  template <typename Subscriber>
  friend class Subscribers;
  explicit Subscription(std::shared_ptr<void> token) : token_(std::move(token)) {}

  std::shared_ptr<void> token_;
};

// The other end: those who are called, callables or pointers to an interface. Thread-safe; who
// needs calls one at a time, or in an order, calls ForEach under a lock of its own.
template <typename Subscriber>
class Subscribers {
 public:
  Subscription Add(Subscriber subscriber) {
    std::list<Subscriber> added;
    added.push_back(std::move(subscriber));
    const auto at = added.begin();
    const std::unique_lock lock(state_->mutex);
    state_->all.splice(state_->all.end(), added);
    return Subscription(std::shared_ptr<void>(&*at, [state = state_, at](void*) {
      std::list<Subscriber> ended;  // Outlives the lock.
      const std::unique_lock end_lock(state->mutex);
      ended.splice(ended.end(), state->all, at);
    }));
  }

  // Calls `call` with each, in the order in which they came. `call` neither adds a subscriber here
  // nor destroys a Subscription.
  template <typename Call>
  void ForEach(Call call) const {
    const std::shared_lock lock(state_->mutex);
    for (Subscriber& subscriber : state_->all) call(subscriber);
  }

 private:
  struct State {
    std::shared_mutex mutex;  // Shared while subscribers are called.
    std::list<Subscriber> all;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace srsproxy
