// Backoff: how long to wait before the next attempt.
#pragma once

#include <cstdint>
#include <random>

#include <absl/time/time.h>

namespace srsproxy::redis {

// Any time up to a ceiling that doubles with each attempt: many clients that have lost the same
// server do not come back together.
class Backoff {
 public:
  Backoff(absl::Duration min, absl::Duration max, uint64_t seed)
      : min_(min), max_(max), ceiling_(min), random_(seed) {}

  absl::Duration Next() {
    const double part = std::uniform_real_distribution<double>(0, 1)(random_);
    const absl::Duration pause = ceiling_ * part;
    ceiling_ = std::min(ceiling_ * 2, max_);
    return pause;
  }
  void Reset() { ceiling_ = min_; }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  absl::Duration ceiling_;
  std::mt19937_64 random_;
};

}  // namespace srsproxy::redis
