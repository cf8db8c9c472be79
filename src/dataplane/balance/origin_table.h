// OriginTable: who the origins are. Each change of it is at once in its indices, in the store, in
// what sessions may use, and an event of the next snapshot. Without a lock of its own.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/balance/origin_entry.h"
#include "dataplane/balance/origin_event.h"
#include "dataplane/balance/origin_leases.h"
#include "dataplane/balance/origin_lineage.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_snapshots.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/origin_store.h"

namespace srsproxy {

class OriginTable {
 public:
  using Entries = std::map<std::string, OriginEntry, std::less<>>;  // By origin id.
  using Index = std::set<std::pair<std::string, std::string>>;      // An attribute, an origin id.

  // All outlive it.
  OriginTable(const Clock& clock, OriginStore& store, OriginTraffic& traffic,
              OriginSnapshots& snapshots, const OriginRegistryOptions& options);

  Entries& entries() { return entries_; }
  const Entries& entries() const { return entries_; }
  const Index& ids_by_server() const { return ids_by_server_; }
  // Nullptr: it is not there.
  OriginEntry* Find(std::string_view id);
  // Of one that is there.
  OriginEntry& At(std::string_view id) { return entries_.find(id)->second; }
  const OriginEntry& At(std::string_view id) const { return entries_.find(id)->second; }
  OriginEntry* FindLease(std::string_view lease_id);
  std::set<std::string> IdsOfServer(std::string_view server) const;
  std::set<std::string> IdsAtAddress(std::string_view address) const;
  OriginLineage& lineage() { return lineage_; }

  // `digests`: of the leases that hold already.
  OriginEntry& Add(Origin origin, std::vector<std::string> digests, std::string_view reason);
  // Gives the origin of `entry` what `changed` has.
  void Update(OriginEntry& entry, Origin changed, std::string_view reason);
  // It is registered anew, under its id: at `addresses`, maybe by another server.
  void Reindex(OriginEntry& entry, std::string_view server, std::vector<std::string> addresses);
  // Its registration was ended here.
  void Remove(Entries::iterator at, std::string reason, const OriginEnd& end);
  // It was silent for too long; whether it is gone for others, too, the store decides.
  void Expire(Entries::iterator at, std::string reason);
  // It is not in the store any more.
  void Drop(Entries::iterator at, std::string reason);
  // It was deregistered, and is kept for what is live on it.
  void Leave(OriginEntry& entry, std::string_view reason);
  // Both are there; the streams of `former` are those of `successor` from now on. `elsewhere`:
  // another proxy decided it.
  void Supersede(const std::string& former, const std::string& successor, bool elsewhere = false);

  // One more lease. False: others need not know it, so it is not to be saved.
  bool GiveLease(OriginEntry& entry) { return leases_.Give(entry.origin->id, entry.leases); }
  void AdoptLeases(OriginEntry& entry, std::vector<std::string> digests) {
    leases_.Adopt(entry.origin->id, entry.leases, std::move(digests));
  }
  void EndLeases(OriginEntry& entry) { leases_.End(entry.leases); }
  // As it is now, in the store.
  void Save(const OriginEntry& entry) { store_.PutRecord(RecordOf(entry)); }

  // `origin` registered, or sent a heartbeat, now.
  void MarkAlive(Origin& origin, MonotonicTime now) const;

  void Fill(OriginSnapshot& snapshot);

 private:
  static OriginRecord RecordOf(const OriginEntry& entry);
  void SetAddresses(const std::string& id, OriginEntry& entry, std::vector<std::string> addresses);
  // All but what the store knows.
  void Erase(Entries::iterator at, std::string reason);

  const Clock& clock_;
  OriginStore& store_;
  OriginTraffic& traffic_;
  OriginSnapshots& snapshots_;
  const OriginRegistryOptions& options_;

  Entries entries_;
  Index ids_by_address_;
  Index ids_by_server_;
  OriginLeases leases_;
  OriginLineage lineage_;
};

}  // namespace srsproxy
