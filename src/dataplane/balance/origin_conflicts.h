// OriginConflicts: finds registrations that do not go together, and reports them. Without a lock of
// its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/balance/origin_event.h"
#include "dataplane/balance/origin_snapshots.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/registration_contests.h"
#include "dataplane/core/clock.h"

namespace srsproxy {

// Who has registered as `entry` last.
Registrant RegistrantOf(const OriginEntry& entry);

class OriginConflicts {
 public:
  // Both outlive it.
  OriginConflicts(const OriginTable& table, OriginSnapshots& snapshots)
      : table_(table), snapshots_(snapshots) {}

  // `entry` has just registered: reports a live origin of its server elsewhere.
  void OnRegistered(const OriginEntry& entry, MonotonicTime now);
  // `winner`, now registered, has taken the place of `loser`; `interval` is the longer of their
  // heartbeat intervals. Whether that is part of a contest.
  bool OnTakeover(const OriginEntry& winner, const Registrant& loser, absl::Duration interval,
                  MonotonicTime now);
  // The server of `entry` is live at both addresses.
  void Report(const OriginEntry& entry, std::string_view address, std::string_view other_address);
  // Forgets contests that are over.
  void Tick(MonotonicTime now) { contests_.Tick(now); }

  // Those that go on, sorted by server.
  std::vector<OriginConflict> At(MonotonicTime now) const;
  // Times that there came to be one, or a contest went on.
  uint64_t count() const { return count_; }

 private:
  void AddContests(MonotonicTime now, std::vector<OriginConflict>& to) const;
  std::string AtSeveralAddresses(const OriginConflict& conflict) const;

  const OriginTable& table_;
  OriginSnapshots& snapshots_;
  RegistrationContests contests_;
  uint64_t count_ = 0;
};

}  // namespace srsproxy
