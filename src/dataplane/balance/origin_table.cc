#include "dataplane/balance/origin_table.h"

#include <absl/strings/str_cat.h>

#include "dataplane/balance/operator_overrides.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

// The origins that `index` has for `attribute`.
std::set<std::string> IdsOf(const OriginTable::Index& index, std::string_view attribute) {
  std::set<std::string> ids;
  for (auto at = index.lower_bound({std::string(attribute), ""});
       at != index.end() && at->first == attribute; ++at) {
    ids.insert(at->second);
  }
  return ids;
}

}  // namespace

OriginTable::OriginTable(const Clock& clock, OriginStore& store, OriginTraffic& traffic,
                         OriginSnapshots& snapshots, const OriginRegistryOptions& options)
    : clock_(clock),
      store_(store),
      traffic_(traffic),
      snapshots_(snapshots),
      options_(options),
      lineage_(options.max_superseded) {}

OriginEntry* OriginTable::Find(std::string_view id) {
  const auto at = entries_.find(id);
  return at == entries_.end() ? nullptr : &at->second;
}

OriginEntry* OriginTable::FindLease(std::string_view lease_id) {
  const std::string* id = leases_.FindOrigin(lease_id);
  return id == nullptr ? nullptr : &At(*id);
}

std::set<std::string> OriginTable::IdsOfServer(std::string_view server) const {
  return IdsOf(ids_by_server_, server);
}

std::set<std::string> OriginTable::IdsAtAddress(std::string_view address) const {
  return IdsOf(ids_by_address_, address);
}

OriginEntry& OriginTable::Add(Origin origin, std::vector<std::string> digests,
                              std::string_view reason) {
  const MonotonicTime now = clock_.Now();
  OriginEntry entry{.origin = nullptr,
                    .leases = {.lease_id = {}, .digests = std::move(digests)},
                    .lease_end = {},
                    .addresses = {},
                    .heartbeats = HeartbeatTracker(now, options_.heartbeat_interval)};
  if (const auto interval = origin.registration.heartbeat_interval)
    entry.heartbeats.SetInterval(*interval);
  origin.id = origin.registration.Id();
  MarkAlive(origin, now);
  OperatorOverrides::Apply(origin, store_.Overrides(origin.registration.server));
  SetAddresses(origin.id, entry, RtmpAddresses(origin.registration));
  ids_by_server_.emplace(origin.registration.server, origin.id);
  entry.origin = std::make_shared<const Origin>(std::move(origin));
  const std::string& id = entry.origin->id;
  traffic_.Admit(id);
  lineage_.ForgetFormer(id);
  leases_.Admit(id, entry.leases);
  snapshots_.Emit({OriginEvent::Kind::kJoined, entry.origin, std::string(reason)});
  return entries_.insert_or_assign(id, std::move(entry)).first->second;
}

void OriginTable::Update(OriginEntry& entry, Origin changed, std::string_view reason) {
  const std::shared_ptr<const Origin> former =
      std::exchange(entry.origin, std::make_shared<const Origin>(std::move(changed)));
  const Origin& now = *entry.origin;
  const bool is_event = former->generation != now.generation ||
                        former->registration != now.registration || former->health != now.health ||
                        former->down != now.down || former->deregistered != now.deregistered ||
                        former->expected != now.expected || former->overrides != now.overrides;
  if (is_event) {
    snapshots_.Emit({OriginEvent::Kind::kChanged, entry.origin, std::string(reason)});
  }
}

void OriginTable::Reindex(OriginEntry& entry, std::string_view server,
                          std::vector<std::string> addresses) {
  const std::string& id = entry.origin->id;
  SetAddresses(id, entry, std::move(addresses));
  // Two servers may have ids that read the same.
  ids_by_server_.erase({entry.origin->registration.server, id});
  ids_by_server_.emplace(server, id);
}

void OriginTable::SetAddresses(const std::string& id, OriginEntry& entry,
                               std::vector<std::string> addresses) {
  for (const std::string& address : entry.addresses) ids_by_address_.erase({address, id});
  entry.addresses = std::move(addresses);
  for (const std::string& address : entry.addresses) ids_by_address_.emplace(address, id);
}

void OriginTable::Erase(Entries::iterator at, std::string reason) {
  OriginEntry& entry = at->second;
  const std::string& id = at->first;
  traffic_.Drop(id);
  SetAddresses(id, entry, {});
  ids_by_server_.erase({entry.origin->registration.server, id});
  if (!entry.origin->permanent) EndLeases(entry);
  lineage_.ForgetSuccessor(id);
  snapshots_.Emit({OriginEvent::Kind::kLeft, entry.origin, std::move(reason)});
  entries_.erase(at);
}

void OriginTable::Remove(Entries::iterator at, std::string reason, const OriginEnd& end) {
  if (!at->second.origin->permanent) store_.RemoveRecord(at->first, end);
  Erase(at, std::move(reason));
}

void OriginTable::Expire(Entries::iterator at, std::string reason) {
  if (!at->second.origin->permanent) store_.RecordExpired(at->first);
  Erase(at, std::move(reason));
}

void OriginTable::Drop(Entries::iterator at, std::string reason) { Erase(at, std::move(reason)); }

void OriginTable::Leave(OriginEntry& entry, std::string_view reason) {
  EndLeases(entry);
  OriginRecord record = RecordOf(entry);
  record.leaving = true;
  store_.RecordLeaving(record);
  entry.lease_end = LeaseEnd(LeaseEnd::Cause::kDeregistered, clock_.Now());
  Origin leaving = *entry.origin;
  leaving.health = OriginHealth::kLeaving;
  leaving.deregistered = true;
  Update(entry, std::move(leaving), absl::StrCat(ToAbsl(reason), "; what is live on it stays"));
}

void OriginTable::Supersede(const std::string& former, const std::string& successor,
                            bool elsewhere) {
  const bool other_address = !ShareAddress(At(former).addresses, At(successor).addresses);
  lineage_.Add(former, successor, other_address);
  traffic_.Inherit(former, successor);
  std::string reason = absl::StrCat("superseded by ", successor);
  const auto at = entries_.find(former);
  if (elsewhere) return Drop(at, std::move(reason));
  Remove(at, std::move(reason), OriginEnd{.successor = successor});
}

OriginRecord OriginTable::RecordOf(const OriginEntry& entry) {
  const Origin& origin = *entry.origin;
  return {.registration = origin.registration,
          .generation = origin.generation,
          .lease_digests = entry.leases.digests,
          .source = origin.source,
          .registered_at = origin.registered_at};
}

void OriginTable::MarkAlive(Origin& origin, MonotonicTime now) const {
  origin.health = OriginHealth::kHealthy;
  origin.deregistered = false;
  origin.expected = false;
  origin.last_seen = now;
  origin.heartbeat_at = clock_.WallNow();
}

void OriginTable::Fill(OriginSnapshot& snapshot) {
  snapshot.origins.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) snapshot.origins.push_back(entry.origin);
  snapshot.successors = lineage_.Successors();
}

}  // namespace srsproxy
