#include "dataplane/balance/origin_succession.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <absl/strings/str_cat.h>

namespace srsproxy {

bool OriginSuccession::MayBeSuperseded(const OriginEntry& entry, MonotonicTime now) const {
  const Origin& origin = *entry.origin;
  return !origin.permanent && !IsLive(entry, now) && !traffic_.IsInUse(origin.id);
}

std::vector<std::string> OriginSuccession::FindSuperseded(const OriginRegistration& registration,
                                                          MonotonicTime now) const {
  std::set<std::string> found;
  for (const std::string& address : RtmpAddresses(registration)) {
    found.merge(table_.IdsAtAddress(address));
  }
  for (const std::string& id : table_.IdsOfServer(registration.server)) {
    if (MayBeSuperseded(table_.At(id), now)) found.insert(id);
  }
  found.erase(registration.Id());
  return {found.begin(), found.end()};
}

void OriginSuccession::Supersede(const std::string& former, const std::string& successor,
                                 bool elsewhere) {
  table_.Supersede(former, successor, elsewhere);
  ++superseded_;
}

bool OriginSuccession::TrySupersede(const std::string& former, const std::string& successor,
                                    bool elsewhere) {
  const bool same_address =
      ShareAddress(table_.At(former).addresses, table_.At(successor).addresses);
  if (!same_address && !traffic_.Retire(former)) return false;
  Supersede(former, successor, elsewhere);
  return true;
}

void OriginSuccession::FindMoved(OriginTable::Index::const_iterator begin,
                                 OriginTable::Index::const_iterator end, MonotonicTime now,
                                 std::vector<Move>& moved) const {
  const OriginEntry* successor = nullptr;  // The one whose heartbeat came last.
  for (auto at = begin; at != end; ++at) {
    const OriginEntry& entry = table_.At(at->second);
    if (entry.origin->permanent || !IsLive(entry, now)) continue;
    if (successor == nullptr ||
        entry.heartbeats.IdleTime(now) < successor->heartbeats.IdleTime(now)) {
      successor = &entry;
    }
  }
  if (successor == nullptr) return;
  for (auto at = begin; at != end; ++at) {
    const OriginEntry& entry = table_.At(at->second);
    if (!MayBeSuperseded(entry, now)) continue;
    moved.emplace_back(entry.origin->id, successor->origin->id);
  }
}

void OriginSuccession::SupersedeMoved(MonotonicTime now) {
  const OriginTable::Index& ids = table_.ids_by_server();
  std::vector<Move> moved;
  for (auto at = ids.begin(); at != ids.end();) {
    const auto end =
        std::find_if(at, ids.end(), [at](const auto& other) { return other.first != at->first; });
    if (std::next(at) != end) FindMoved(at, end, now, moved);
    at = end;
  }
  for (const auto& [former, successor] : moved) {
    const uint64_t generation = table_.At(former).origin->generation;
    if (!TrySupersede(former, successor)) continue;
    OriginEntry& entry = table_.At(successor);
    Origin changed = *entry.origin;
    changed.generation = std::max(changed.generation, generation + 1);
    table_.Update(entry, std::move(changed), absl::StrCat("supersedes ", former));
    table_.Save(entry);
  }
}

}  // namespace srsproxy
