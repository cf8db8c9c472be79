#include "dataplane/net/timeout.h"

#include <chrono>
#include <utility>

namespace srsproxy::net {

void Deadline::Arm(absl::Duration timeout, std::function<void()> expired) {
  Disarm();
  state_ = std::make_shared<State>(executor_, std::move(expired));
  state_->timer.expires_after(absl::ToChronoNanoseconds(timeout));
  state_->timer.async_wait([state = state_](const boost::system::error_code&) {
    if (const auto call = std::exchange(state->expired, nullptr)) call();
  });
}

void Deadline::Disarm() {
  if (state_ == nullptr) return;
  state_->expired = nullptr;
  state_->timer.cancel();
  state_.reset();
}

}  // namespace srsproxy::net
