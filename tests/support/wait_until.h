// Waiting for what has no event to wait for, with a deadline.
#pragma once

#include <chrono>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>

namespace srsproxy {

// Polls `condition` until it holds. After a minute the test has failed: `what` did not happen.
template <typename Condition>
void WaitUntil(Condition condition, std::string_view what) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "not within a minute: " << what;
      return;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

}  // namespace srsproxy
