// DefaultBackends: origins of the settings (PROXY_DEFAULT_BACKEND_*), which need no heartbeat. Each
// gives way to a registration at its address and comes back when that one leaves. Without a lock of
// its own.
#pragma once

#include <utility>
#include <vector>

#include "dataplane/balance/origin_succession.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

class DefaultBackends {
 public:
  // All outlive it.
  DefaultBackends(const Clock& clock, OriginTable& table, OriginSuccession& succession,
                  StartSettle& start_settle)
      : clock_(clock), table_(table), succession_(succession), start_settle_(start_settle) {}

  // Restore brings it.
  void Add(OriginRegistration registration) { backends_.push_back(std::move(registration)); }
  // Brings back those whose place is free. Call it after each change that may free one.
  void Restore();

 private:
  const Clock& clock_;
  OriginTable& table_;
  OriginSuccession& succession_;
  StartSettle& start_settle_;
  std::vector<OriginRegistration> backends_;
};

}  // namespace srsproxy
