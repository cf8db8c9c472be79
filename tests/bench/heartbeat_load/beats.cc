#include "tests/bench/heartbeat_load/beats.h"

#include <algorithm>
#include <cstdio>

namespace srsproxy::bench {

void Tally::Sent() {
  const std::lock_guard lock(mutex_);
  ++sent_;
}

void Tally::Answered(Time sent, bool right) {
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  ++answered_;
  if (!right) ++wrong_;
  worst_ = std::max<decltype(worst_)>(worst_, now - sent);
}

uint64_t Tally::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

std::string Tally::Report() {
  const std::lock_guard lock(mutex_);
  char line[160];
  std::snprintf(line, sizeof line, R"({"sent":%ju,"answered":%ju,"wrong":%ju,"worst_ms":%.1f})",
                uintmax_t{sent_}, uintmax_t{answered_}, uintmax_t{wrong_}, worst_.count());
  worst_ = {};
  return line;
}

}  // namespace srsproxy::bench
