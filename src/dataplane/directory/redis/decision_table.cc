#include "dataplane/directory/redis/decision_table.h"

namespace srsproxy::redis {
namespace {

bool IsAny(const KeptOverrides& kept) { return kept.overrides != OriginOverrides{}; }

}  // namespace

bool DecisionTable::Take(const std::string& server, const KeptOverrides& kept) {
  touched_.insert(server);
  KeptOverrides& known = servers_[server];
  if (kept.revision <= known.revision) return false;
  in_force_ += (IsAny(kept) ? 1 : 0) - (IsAny(known) ? 1 : 0);
  const bool changes = known.overrides != kept.overrides;
  known = kept;
  if (servers_.size() > 2 * kMaxServers) {
    std::erase_if(servers_, [](const auto& entry) { return !IsAny(entry.second); });
  }
  return changes;
}

DecisionTable::Taken DecisionTable::TakeAll(std::map<std::string, KeptOverrides, std::less<>> all,
                                            bool is_new) {
  Taken taken;
  for (const auto& [server, known] : servers_) {
    const auto read = all.find(server);
    const bool is_later = read == all.end() ? is_new || touched_.contains(server)
                                            : read->second.revision < known.revision;
    if (is_later) {
      taken.lost.push_back(server);
      all.insert_or_assign(server, known);
    } else if (read == all.end() && IsAny(known)) {
      taken.changed.emplace_back(server, OriginOverrides{});
    }
  }
  in_force_ = 0;
  for (const auto& [server, kept] : all) {
    in_force_ += IsAny(kept) ? 1 : 0;
    if (Of(server) != kept.overrides) taken.changed.emplace_back(server, kept.overrides);
  }
  servers_ = std::move(all);
  touched_.clear();
  return taken;
}

KeptOverrides DecisionTable::KeptOf(std::string_view server) const {
  const auto at = servers_.find(server);
  return at == servers_.end() ? KeptOverrides{} : at->second;
}

OriginOverrides DecisionTable::Of(std::string_view server) const {
  const auto at = servers_.find(server);
  return at == servers_.end() ? OriginOverrides{} : at->second.overrides;
}

DecisionTable::All DecisionTable::ToMap() const {
  All all;
  for (const auto& [server, kept] : servers_) {
    if (IsAny(kept)) all.emplace(server, kept.overrides);
  }
  return all;
}

bool DecisionTable::HasRoomFor(std::string_view server) const {
  const auto at = servers_.find(server);
  return in_force_ < kMaxServers || (at != servers_.end() && IsAny(at->second));
}

}  // namespace srsproxy::redis
