// LeaseExpiry: ends the leases of silent origins, and forgets those whose lease has ended once they
// are of use to nobody. Without a lock of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/balance/health.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin_store.h"

namespace srsproxy {

class LeaseExpiry {
 public:
  // All outlive it.
  LeaseExpiry(const Clock& clock, OriginStore& store, OriginTraffic& traffic, OriginTable& table,
              const OriginRegistryOptions& options)
      : clock_(clock), store_(store), traffic_(traffic), table_(table), options_(options) {}

  // Ends the leases that are due, unless too many are at once, or heartbeats may come that are not
  // known here.
  void Expire(MonotonicTime now);
  // Has the store keep those that are in use here although they were silent for long, or left.
  void ReportInUse(MonotonicTime now);
  // What has become of the origins whose lease has ended.
  void SettleEnded(MonotonicTime now);
  // Health of those that hold a lease, by their silence.
  void UpdateHealth(MonotonicTime now);
  // Forgets dead origins, those silent for longest first, until no more than `count` are left.
  void KeepDead(size_t count);

  // Silence ends no lease now.
  bool preserving() const { return self_preservation_.active(); }
  // Leases that silence has ended, since the start.
  uint64_t expirations() const { return expirations_; }

 private:
  const Clock& clock_;
  OriginStore& store_;
  OriginTraffic& traffic_;
  OriginTable& table_;
  const OriginRegistryOptions& options_;
  SelfPreservation self_preservation_;
  uint64_t expirations_ = 0;
};

}  // namespace srsproxy
