#include "dataplane/balance/shared_origins.h"

#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/balance/operator_overrides.h"

namespace srsproxy {

void SharedOrigins::Put(const OriginRecord& record, bool alive) {
  const std::string id = record.registration.Id();
  OriginEntry* const existing = needs_.table.Find(id);
  if (existing == nullptr) {
    if (!alive && !record.leaving) return needs_.remembered.Remember(record);
    Add(record);
  } else if (!existing->origin->permanent) {
    Update(*existing, record, alive);
  }
  if (!alive || record.leaving || needs_.table.Find(id) == nullptr) return;
  // As whoever registered it there did; who is newer than this one has not been superseded by it.
  const MonotonicTime now = needs_.clock.Now();
  for (const std::string& former : needs_.succession.FindSuperseded(record.registration, now)) {
    const Origin& origin = *needs_.table.At(former).origin;
    if (!origin.permanent && origin.generation >= record.generation) continue;
    needs_.succession.TrySupersede(former, id, /*elsewhere=*/true);
  }
}

void SharedOrigins::Add(const OriginRecord& record) {
  const auto is_full = [this] {
    return needs_.table.entries().size() >= needs_.options.max_origins;
  };
  if (is_full()) needs_.expiry.KeepDead(0);
  if (is_full()) return;
  Origin origin;
  origin.generation = record.generation;
  origin.source = record.source;
  origin.registered_at = record.registered_at;
  origin.registration = record.registration;
  OriginEntry& entry =
      needs_.table.Add(std::move(origin), {},
                       record.leaving ? "in use at another proxy" : "registered at another proxy");
  needs_.table.AdoptLeases(entry, record.lease_digests);
  if (record.leaving) return SetLeaving(entry);
  needs_.start_settle.OriginJoined(needs_.clock.Now());
}

void SharedOrigins::Update(OriginEntry& entry, const OriginRecord& record, bool alive) {
  const MonotonicTime now = needs_.clock.Now();
  if (record.leaving) {
    needs_.table.EndLeases(entry);
    return SetLeaving(entry);
  }
  std::vector<std::string> addresses = RtmpAddresses(record.registration);
  const bool same_address = ShareAddress(entry.addresses, addresses);
  // A registration from elsewhere ends the leases of the former one.
  if (entry.origin->source != record.source) needs_.table.EndLeases(entry);
  needs_.table.AdoptLeases(entry, record.lease_digests);
  Origin changed = *entry.origin;
  changed.registration = record.registration;
  changed.generation = record.generation;
  changed.source = record.source;
  changed.registered_at = record.registered_at;
  if (!same_address) entry.passive_health = {};
  changed.down = entry.passive_health.down();
  needs_.table.Reindex(entry, record.registration.server, std::move(addresses));
  if (const auto interval = record.registration.heartbeat_interval) {
    entry.heartbeats.SetInterval(*interval);
  }
  if (alive) {
    entry.lease_end = {};
    entry.heartbeats.Touch(now);
    entry.confirmed = true;
    needs_.table.MarkAlive(changed, now);
  }
  OperatorOverrides::Apply(changed, needs_.store.Overrides(record.registration.server));
  needs_.table.Update(entry, std::move(changed), "registered at another proxy");
}

void SharedOrigins::SetLeaving(OriginEntry& entry) {
  const MonotonicTime now = needs_.clock.Now();
  entry.used_elsewhere_until = now + absl::ToChronoNanoseconds(kInUse);
  if (entry.origin->deregistered) return;
  entry.lease_end = LeaseEnd(LeaseEnd::Cause::kDeregistered, now);
  Origin leaving = *entry.origin;
  leaving.health = OriginHealth::kLeaving;
  leaving.deregistered = true;
  needs_.table.Update(entry, std::move(leaving), "deregistered; what is live on it stays");
}

void SharedOrigins::Remove(std::string_view origin_id, const OriginEnd& end) {
  const auto at = needs_.table.entries().find(origin_id);
  if (at == needs_.table.entries().end() || at->second.origin->permanent) return;
  if (!end.successor.empty() && needs_.table.Find(end.successor) != nullptr &&
      needs_.succession.TrySupersede(at->first, end.successor, /*elsewhere=*/true)) {
    return;
  }
  if (end.at_once || needs_.traffic.Retire(at->first)) {
    needs_.table.Drop(at, "deregistered at another proxy");
  } else if (!at->second.origin->deregistered) {
    needs_.table.Leave(at->second, "deregistered at another proxy");
  }
}

void SharedOrigins::Beat(std::span<const OriginBeat> beats) {
  const MonotonicTime now = needs_.clock.Now();
  for (const OriginBeat& beat : beats) {
    OriginEntry* const entry = needs_.table.Find(beat.origin_id);
    if (entry == nullptr || entry->origin->permanent || entry->origin->deregistered) continue;
    if (beat.registered) {
      entry->heartbeats.Touch(now);
    } else {
      entry->heartbeats.Heartbeat(now);
    }
    entry->lease_end = {};
    entry->confirmed = true;
    Origin alive = *entry->origin;
    if (!beat.registered) alive.load = beat.load;
    needs_.table.MarkAlive(alive, now);
    needs_.table.Update(*entry, std::move(alive), "heard again, by another proxy");
  }
}

void SharedOrigins::InUse(std::span<const std::string> origin_ids) {
  const MonotonicTime now = needs_.clock.Now();
  for (const std::string& id : origin_ids) {
    OriginEntry* const entry = needs_.table.Find(id);
    if (entry != nullptr) entry->used_elsewhere_until = now + absl::ToChronoNanoseconds(kInUse);
  }
}

}  // namespace srsproxy
