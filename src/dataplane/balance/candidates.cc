#include "dataplane/balance/candidates.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "dataplane/balance/selection.h"

namespace srsproxy {
namespace {

constexpr char kSeparator = '\0';

Distance DistanceOf(const Origin& origin, std::string_view zone) {
  return zone.empty() || origin.zone == zone ? Distance::kNear : Distance::kFar;
}

Candidate CandidateOf(const Origin& origin, uint32_t index) {
  Candidate candidate;
  candidate.index = index;
  candidate.weight = origin.weight;
  candidate.hash = StableHash(origin.registration.server + kSeparator + origin.registration.ip);
  candidate.limited = origin.capacity > 0;
  return candidate;
}

}  // namespace

PlacementOptions PlacementOptions::From(const Config& config) {
  return {config.load_balancer_strategy, config.zone, config.placement_rules};
}

Tier TierOf(const Origin& origin) {
  if (!HoldsLease(origin)) return origin.down ? Tier::kLastResortDown : Tier::kLastResort;
  if (origin.down) return Tier::kDown;
  if (origin.expected) return Tier::kHealthy;
  return origin.health == OriginHealth::kHealthy ? Tier::kHealthy : Tier::kSuspect;
}

CandidateTable::CandidateTable(const OriginSnapshot& origins, const PlacementOptions& options,
                               const StreamCounts& counts)
    : shape_version_(origins.shape_version) {
  const auto& all = origins.origins;
  for (uint32_t index = 0; index < all.size(); ++index) {
    const Origin& origin = *all[index];
    streams_.push_back(counts.Of(origin.id));
    if (origin.admin_state != AdminState::kActive || origin.deregistered) continue;
    const Candidate candidate = CandidateOf(origin, index);
    for (const auto& [protocol, name] : kEnumTable<Protocol>) {
      if (origin.registration.EndpointsFor(protocol).empty()) continue;
      tiers_[Index(protocol)][Index(TierOf(origin))][Index(DistanceOf(origin, options.zone))]
          .push_back(candidate);
    }
  }
  for (const PlacementRule& rule : options.rules) {
    auto& selected = selected_.emplace_back(all.size());
    for (size_t index = 0; index < all.size(); ++index) {
      selected[index] = rule.Selects(*all[index]);
    }
  }
  if (origins.successors == nullptr) return;
  for (const auto& [former, successor] : *origins.successors) {
    StreamCounts::Counter streams = counts.Of(former);
    if (*streams == 0) continue;  // It gets no new ones.
    const auto origin = origins.Resolve(successor.id);
    if (origin == nullptr) continue;
    const auto at = std::lower_bound(
        all.begin(), all.end(), origin->id,
        [](const auto& candidate, const std::string& id) { return candidate->id < id; });
    former_.push_back({static_cast<uint32_t>(at - all.begin()), std::move(streams)});
  }
  std::sort(former_.begin(), former_.end(),
            [](const Former& a, const Former& b) { return a.origin < b.origin; });
}

uint64_t CandidateTable::StreamsOf(uint32_t origin) const {
  uint64_t streams = streams_[origin]->load(std::memory_order_relaxed);
  if (former_.empty()) return streams;
  auto at = std::lower_bound(
      former_.begin(), former_.end(), origin,
      [](const Former& former, uint32_t wanted) { return former.origin < wanted; });
  for (; at != former_.end() && at->origin == origin; ++at) {
    streams += at->streams->load(std::memory_order_relaxed);
  }
  return streams;
}

}  // namespace srsproxy
