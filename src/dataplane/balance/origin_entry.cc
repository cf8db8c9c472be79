#include "dataplane/balance/origin_entry.h"

#include <algorithm>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/host.h"

namespace srsproxy {

std::vector<std::string> RtmpAddresses(const OriginRegistration& registration) {
  std::vector<std::string> addresses;
  for (const Endpoint& endpoint : registration.rtmp) {
    const Endpoint dialled = DialEndpoint(registration, endpoint);
    addresses.push_back(JoinHostPort(CanonicalHost(dialled.host), dialled.port));
  }
  return addresses;
}

bool ShareAddress(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

bool IsLive(const OriginEntry& entry, MonotonicTime now) {
  return entry.lease_end.held() && entry.heartbeats.IdleTime(now) < 2 * entry.heartbeats.Interval();
}

absl::Duration RequestedInterval(const OriginEntry& entry, const OriginRegistryOptions& options) {
  return std::min(
      entry.origin->registration.heartbeat_interval.value_or(options.heartbeat_interval),
      options.ttl / 3);
}

}  // namespace srsproxy
