// StartSettle: when a proxy that has just started may place new streams. Origins come one after
// another, and the one that comes first is not to get all the streams that wait.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"

namespace srsproxy {

// What a client waits for, and how long, as far as is known.
struct StartWait {
  bool for_first = false;  // There is no origin yet; else for further ones.
  absl::Duration left;     // For the first: at most.
};

// A state machine without a clock or lock of its own.
class StartSettle {
 public:
  // Streams that are wanted later than this after the start wait for nobody: SRS beats each 9 to
  // 10 s, so all origins have come by then.
  static constexpr std::chrono::seconds kWindow{12};
  // No client waits longer, nor does the setting allow more.
  static constexpr std::chrono::seconds kLongestWait{10};

  // `settle`: PROXY_START_SETTLE. 0: new streams are placed as soon as there is an origin.
  StartSettle(MonotonicTime started, absl::Duration settle)
      : started_(started),
        settle_(absl::ToChronoNanoseconds(std::min(settle, absl::FromChrono(kLongestWait)))) {}

  // Origins are known from before the start: nothing is waited for any more.
  void Remembered() { remembered_ = true; }
  // An origin has come by registering.
  void OriginJoined(MonotonicTime now) { last_joined_ = now; }
  // There is one of the settings, so what comes is not needed.
  void PermanentJoined() { permanent_ = true; }

  bool InWindow(MonotonicTime now) const { return now - started_ < kWindow; }

  // From when on a new stream may be placed, as far as is known now: later when one more origin
  // comes meanwhile. Whether there is an origin is another question.
  MonotonicTime PlaceFrom() const {
    if (remembered_ || !last_joined_.has_value()) return started_;
    return *last_joined_ + settle_;
  }

  // What a client that comes at `now` with a new stream waits for; nullopt: for nothing.
  std::optional<StartWait> WaitAt(MonotonicTime now, bool any_origin) const {
    if (!InWindow(now)) return std::nullopt;
    if (!any_origin) return StartWait{true, absl::FromChrono(kLongestWait)};
    const auto from = PlaceFrom();
    if (from <= now) return std::nullopt;
    return StartWait{false, absl::FromChrono(from - now)};
  }

  // From when on the proxy is ready for clients, as far as is known now. Without any origin it is
  // once the settle time has passed since the start: a balancer in front of it may be the way by
  // which origins come.
  MonotonicTime ReadyFrom() const {
    if (remembered_ || (permanent_ && !last_joined_.has_value())) return started_;
    return std::min(last_joined_.value_or(started_) + settle_, MonotonicTime(started_ + kWindow));
  }

 private:
  const MonotonicTime started_;
  const MonotonicTime::duration settle_;
  bool remembered_ = false;
  bool permanent_ = false;
  std::optional<MonotonicTime> last_joined_;
};

}  // namespace srsproxy
