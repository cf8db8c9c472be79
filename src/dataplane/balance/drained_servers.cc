#include "dataplane/balance/drained_servers.h"

#include <utility>

namespace srsproxy {

std::vector<std::string> IdsOfServer(const OriginSnapshot& origins, std::string_view server) {
  std::vector<std::string> ids;
  for (const auto& origin : origins.origins) {
    if (origin->registration.server == server) ids.push_back(origin->id);
  }
  for (const auto& [former, successor] : *origins.successors) {
    const auto origin = origins.Find(successor.id);
    if (origin != nullptr && origin->registration.server == server) ids.push_back(former);
  }
  return ids;
}

bool DrainedServers::Refresh(const OriginSnapshot& origins) {
  Drains drains;
  for (const auto& origin : origins.origins) {
    const auto& drain = origin->overrides.drain;
    if (drain.has_value()) drains[origin->registration.server].drain = *drain;
  }
  absl::flat_hash_map<std::string, std::string> server_by_origin;
  for (const auto& [server, drain] : drains) {
    for (std::string& id : IdsOfServer(origins, server)) {
      server_by_origin.emplace(std::move(id), server);
    }
  }
  const std::lock_guard lock(mutex_);
  bool changed = server_by_origin != server_by_origin_;
  for (auto& [server, drain] : drains) {
    const auto known = drains_.find(server);
    if (known == drains_.end() || known->second.drain.started_at != drain.drain.started_at) {
      logger_.Info("drain begins", {{"origin", server}});
    } else {
      drain.moved = known->second.moved;
      drain.stuck = known->second.stuck;
    }
    changed |= known == drains_.end() || known->second.drain != drain.drain;
  }
  for (const auto& [server, drain] : drains_) {
    if (!drains.contains(server)) logger_.Info("drain ends", {{"origin", server}});
  }
  drains_ = std::move(drains);
  server_by_origin_ = std::move(server_by_origin);
  any_ = !drains_.empty();
  return changed;
}

bool DrainedServers::Contains(std::string_view origin_id) const {
  const std::lock_guard lock(mutex_);
  return server_by_origin_.contains(ToAbsl(origin_id));
}

void DrainedServers::CountMoved(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = server_by_origin_.find(ToAbsl(origin_id));
  if (at != server_by_origin_.end()) ++drains_[at->second].moved;
}

void DrainedServers::SetStuck(const ByServer& stuck) {
  const std::lock_guard lock(mutex_);
  for (auto& [server, drain] : drains_) {
    const auto at = stuck.find(server);
    drain.stuck = at == stuck.end() ? 0 : at->second;
  }
}

DrainCounts DrainedServers::CountsOf(std::string_view server) const {
  DrainCounts counts;
  const std::lock_guard lock(mutex_);
  if (const auto at = drains_.find(server); at != drains_.end()) {
    counts.streams_moved = at->second.moved;
    counts.streams_stuck = at->second.stuck;
  }
  return counts;
}

}  // namespace srsproxy
