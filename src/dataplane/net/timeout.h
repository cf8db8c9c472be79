// Deadlines on everything that waits for somebody else.
#pragma once

#include <functional>
#include <memory>

#include <absl/time/time.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy::net {

namespace asio = boost::asio;

// Calls `expired` on the executor once `timeout` has passed, unless disarmed or destroyed first;
// after that it is never called, even when the timer had already fired. Used on one worker only.
class Deadline {
 public:
  explicit Deadline(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Deadline(asio::any_io_executor executor, absl::Duration timeout, std::function<void()> expired)
      : Deadline(std::move(executor)) {
    Arm(timeout, std::move(expired));
  }
  Deadline(Deadline&&) = default;
  Deadline& operator=(Deadline&&) = default;
  ~Deadline() { Disarm(); }

  // Replaces what was armed before.
  void Arm(absl::Duration timeout, std::function<void()> expired);
  void Disarm();
  bool armed() const { return state_ != nullptr; }

 private:
  struct State {
    State(const asio::any_io_executor& executor, std::function<void()> expired_arg)
        : timer(executor), expired(std::move(expired_arg)) {}
    asio::steady_timer timer;
    std::function<void()> expired;  // Empty when disarmed.
  };

  asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace srsproxy::net
