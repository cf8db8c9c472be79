// OriginEntry: all that the registry knows of one origin.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/balance/health.h"
#include "dataplane/balance/lease_end.h"
#include "dataplane/balance/origin_leases.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/passive_health.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

struct OriginEntry {
  std::shared_ptr<const Origin> origin;  // As the snapshot shows it.
  HeldLeases leases;
  bool confirmed = true;  // By a heartbeat or a registration since the registry was made.
  LeaseEnd lease_end;
  MonotonicTime used_elsewhere_until = {};  // As far as other proxies have said.
  uint64_t last_sequence = 0;               // Since it registered last.
  std::vector<std::string> addresses;       // Where RTMP is dialled, "host:port".
  HeartbeatTracker heartbeats;
  PassiveHealth passive_health = {};
};

// Where RTMP is dialled, as "host:port".
std::vector<std::string> RtmpAddresses(const OriginRegistration& registration);
bool ShareAddress(const std::vector<std::string>& a, const std::vector<std::string>& b);

// It holds a lease, and its last sign of life is within two intervals.
bool IsLive(const OriginEntry& entry, MonotonicTime now);
// How often the origin is to send a heartbeat.
absl::Duration RequestedInterval(const OriginEntry& entry, const OriginRegistryOptions& options);

}  // namespace srsproxy
