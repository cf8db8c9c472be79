#include "dataplane/balance/lease_expiry.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

// Leases that end within this of each other end together, as far as self-preservation goes.
constexpr absl::Duration kExpiryWindow = absl::Seconds(30);

}  // namespace

void LeaseExpiry::Expire(MonotonicTime now) {
  const absl::Duration window = std::min(kExpiryWindow, options_.ttl / 2);
  size_t leased = 0;
  size_t expiring = 0;
  std::vector<OriginEntry*> expired;
  for (auto& [id, entry] : table_.entries()) {
    if (entry.origin->permanent || !entry.lease_end.held()) continue;
    const absl::Duration silence = entry.heartbeats.IdleTime(now);
    ++leased;
    if (silence >= options_.ttl - window) ++expiring;
    if (silence >= options_.ttl) expired.push_back(&entry);
  }
  if (!store_.HearsAll()) self_preservation_.Preserve(now, options_.ttl);
  if (expired.empty() && !self_preservation_.active()) return;
  if (!self_preservation_.MayExpire(now, leased, expiring, options_.ttl)) return;
  for (OriginEntry* entry : expired) {
    const absl::Time wall = clock_.WallNow();
    entry->lease_end = LeaseEnd(LeaseEnd::Cause::kSilence, now);
    store_.RecordSilent(entry->origin->id, wall);
    ++expirations_;
  }
}

void LeaseExpiry::ReportInUse(MonotonicTime now) {
  for (const auto& [id, entry] : table_.entries()) {
    if (entry.origin->permanent) continue;
    // In time: what a store keeps goes there when the lease has ended, or sooner.
    const bool is_silent = entry.heartbeats.IdleTime(now) >= options_.ttl / 3;
    if (entry.lease_end.held() && !is_silent) continue;
    if (traffic_.IsInUse(id)) store_.RecordInUse(id);
  }
}

void LeaseExpiry::SettleEnded(MonotonicTime now) {
  OriginTable::Entries& entries = table_.entries();
  size_t dead = 0;
  for (auto next = entries.begin(); next != entries.end();) {
    const auto at = next++;
    OriginEntry& entry = at->second;
    if (entry.lease_end.held()) continue;
    const bool in_use = traffic_.IsInUse(at->first) || now < entry.used_elsewhere_until;
    const LeaseEnd::Outcome outcome = entry.lease_end.OutcomeAt(now, in_use, options_.keep_dead);
    if (outcome == LeaseEnd::Outcome::kForgotten && traffic_.Retire(at->first)) {
      table_.Expire(at, entry.lease_end.Describe(options_.ttl, options_.keep_dead));
      continue;
    }
    const bool is_dead = outcome == LeaseEnd::Outcome::kDead;
    const OriginHealth health = is_dead ? OriginHealth::kDead : OriginHealth::kLeaving;
    dead += is_dead ? 1 : 0;
    if (entry.origin->health == health) continue;
    Origin changed = *entry.origin;
    changed.health = health;
    table_.Update(entry, std::move(changed),
                  is_dead ? absl::StrCat("no heartbeat for ", absl::FormatDuration(options_.ttl))
                          : absl::StrCat("no heartbeat for ", absl::FormatDuration(options_.ttl),
                                         "; what is live on it stays"));
  }
  if (dead > options_.max_dead) KeepDead(options_.max_dead);
}

void LeaseExpiry::KeepDead(size_t count) {
  OriginTable::Entries& entries = table_.entries();
  std::vector<std::pair<MonotonicTime, OriginTable::Entries::iterator>> dead;
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    if (at->second.origin->health != OriginHealth::kDead) continue;
    dead.emplace_back(at->second.origin->last_seen, at);
  }
  const auto longer_silent = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(dead.begin(), dead.end(), longer_silent);
  for (size_t i = 0; i + count < dead.size(); ++i) {
    if (!traffic_.Retire(dead[i].second->first)) continue;
    table_.Expire(dead[i].second, "dead, and others need its place");
  }
}

void LeaseExpiry::UpdateHealth(MonotonicTime now) {
  for (auto& [id, entry] : table_.entries()) {
    if (entry.origin->permanent || !entry.lease_end.held()) continue;
    const OriginHealth health =
        entry.heartbeats.HealthAt(now, options_.min_suspect_after, options_.ttl);
    // A lease that self-preservation keeps is silent for long, not dead.
    const OriginHealth shown =
        health == OriginHealth::kDead || !entry.confirmed ? OriginHealth::kSuspect : health;
    if (shown == entry.origin->health) continue;
    Origin changed = *entry.origin;
    changed.health = shown;
    table_.Update(
        entry, std::move(changed),
        absl::StrCat("no heartbeat for ", absl::FormatDuration(absl::Trunc(
                                              entry.heartbeats.IdleTime(now), absl::Seconds(1)))));
  }
}

}  // namespace srsproxy
