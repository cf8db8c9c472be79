// How a registration ended, and what is left of the origin since: it stays as long as it is of use
// to anybody. A value without a clock of its own.
#pragma once

#include <cstdint>
#include <string>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"

namespace srsproxy {

class LeaseEnd {
 public:
  enum class Cause : uint8_t {
    kNone,          // The lease is held.
    kSilence,       // No heartbeat for the TTL. The next one renews it.
    kDeregistered,  // By the origin or an operator. It has to register again.
  };
  enum class Outcome : uint8_t {
    kLeaving,    // Its live sessions stay, and it gets viewers of the same streams.
    kDead,       // The last resort of streams that nobody else can serve.
    kForgotten,  // As if it had never been there.
  };

  LeaseEnd() = default;
  LeaseEnd(Cause cause, MonotonicTime since) : cause_(cause), since_(since) {}

  bool held() const { return cause_ == Cause::kNone; }
  // Of a lease that is not held.
  MonotonicTime since() const { return since_; }

  // Of a lease that is not held. `in_use`: sessions are live on the origin. Whoever was silent is
  // forgotten `keep_dead` later; whoever was deregistered with its last session.
  Outcome OutcomeAt(MonotonicTime now, bool in_use, absl::Duration keep_dead) const;

  // Why the origin was forgotten, in words.
  std::string Describe(absl::Duration ttl, absl::Duration keep_dead) const;

 private:
  Cause cause_ = Cause::kNone;
  MonotonicTime since_;
};

}  // namespace srsproxy
