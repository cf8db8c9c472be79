// Keeps a worker's sessions out of loops: refuses clients that have come in a circle, and marks
// what goes on to origins. core/hops.h has the format.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/core/clock.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/log.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/http/head.h"

namespace srsproxy {

// The hops that an HTTP request lists, in all its lines of kHopsField.
HopList HopsOf(const http::Fields& fields);

// One for each worker, used on it only.
class HopGuard {
 public:
  // `own`: this proxy. All but values outlive it.
  HopGuard(BootId own, const Clock& clock, const Logger& logger)
      : own_(own), clock_(clock), logger_(logger) {}
  HopGuard(const HopGuard&) = delete;
  HopGuard& operator=(const HopGuard&) = delete;

  // CheckHops. A refusal is logged, once in ten seconds.
  absl::Status Check(const HopList& hops, std::string_view client);

  // What an origin is sent for a client that has come by `hops`.
  HopList Onward(const HopList& hops) const { return hops.Through(own_); }
  // The same, in a request to an origin.
  void Mark(http::Fields& fields, const HopList& hops) const;

 private:
  const BootId own_;
  const Clock& clock_;
  const Logger& logger_;
  MonotonicTime logged_;
  uint64_t unlogged_ = 0;
};

}  // namespace srsproxy
