// Who the proxies that share a store are, and which of them drives what is done once for all.
#pragma once

#include <string>

#include "dataplane/core/status.h"

namespace srsproxy {

// Thread-safe; answered at once.
class FleetBus {
 public:
  virtual ~FleetBus() = default;

  // Whether this proxy runs drains and rebalances. At most one proxy of a fleet does; for a moment
  // nobody may.
  virtual bool drives() const = 0;

  // The PROXY_ID of the one that does; empty: nobody, or it is not known.
  virtual std::string driver() const = 0;

  // Whether nothing is to be done now that has to know what the sessions of all proxies use, since
  // some of them may not be back after a loss of what they share.
  virtual bool settles() const { return false; }

  // This proxy leaves the fleet: what it held is nothing from now on. After the other stores' Stop;
  // when it returns, no thread of theirs runs. May be called again.
  virtual void Stop() {}
};

// Where a status of CheckDrives has the PROXY_ID of the driver.
inline constexpr char kDriverPayload[] = "srsproxy/driver";

// Whether this proxy may begin what is done once for the fleet. FAILED_PRECONDITION: another one
// drives it, or nobody does now; the message names it, kDriverPayload too (empty: nobody). Null:
// this proxy is alone.
absl::Status CheckDrives(const FleetBus* fleet);

}  // namespace srsproxy
