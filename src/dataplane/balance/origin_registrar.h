// OriginRegistrar: takes registrations, new ones and renewals, when no rule is against them.
// Without a lock of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include "dataplane/balance/lease_expiry.h"
#include "dataplane/balance/origin_conflicts.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_succession.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// What an origin gets when it registers.
struct OriginLease {
  std::string origin_id;
  uint64_t generation = 1;
  std::string lease_id;  // Secret: whoever has it may renew and end the registration.
  absl::Duration heartbeat_interval;
  absl::Duration ttl;
  std::vector<std::string> superseded;  // Ids that this registration has replaced.
  bool renewed = false;                 // The same origin was registered already.
};

class OriginRegistrar {
 public:
  using MayReplace = absl::FunctionRef<bool(std::string_view server)>;

  // All outlive it.
  struct Needs {
    const Clock& clock;
    const OriginStore& store;
    OriginTable& table;
    OriginSuccession& succession;
    OriginConflicts& conflicts;
    LeaseExpiry& expiry;
    StartSettle& start_settle;
    const OriginRegistryOptions& options;
  };

  explicit OriginRegistrar(const Needs& needs) : needs_(needs) {}

  // As OriginRegistry::Register.
  absl::StatusOr<OriginLease> Register(OriginRegistration registration, std::string_view source,
                                       MayReplace may_replace);

  // Since the start.
  uint64_t registrations() const { return registrations_; }

 private:
  using Loser = std::pair<Registrant, absl::Duration>;

  bool IsFull() const { return needs_.table.entries().size() >= needs_.options.max_origins; }
  // Whether one with this registration may take the place of all `superseded`, and of `existing`,
  // which has its id, if it is there.
  absl::Status CheckPlaces(const OriginRegistration& registration, const OriginEntry* existing,
                           const std::vector<std::string>& superseded, MayReplace may_replace,
                           MonotonicTime now) const;
  // Of `superseded`, those at an address of `registration`, with the intervals that were
  // requested; raises `generation` above those of all.
  std::vector<Loser> FindLosers(const OriginRegistration& registration,
                                const std::vector<std::string>& superseded,
                                uint64_t& generation) const;
  // Whether the address is still the same.
  bool Renew(OriginEntry& entry, Origin renewed, MonotonicTime now);
  bool OnTakeover(const OriginEntry& winner, const Registrant& loser, absl::Duration interval,
                  MonotonicTime now);

  const Needs needs_;
  uint64_t registrations_ = 0;
};

}  // namespace srsproxy
