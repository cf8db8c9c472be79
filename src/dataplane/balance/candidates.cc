#include "dataplane/balance/candidates.h"

namespace srsproxy {
namespace {

Tier TierOf(const Origin& origin) {
  if (origin.down) return Tier::kDown;
  return origin.health == OriginHealth::kHealthy ? Tier::kHealthy : Tier::kSuspect;
}

}  // namespace

std::string_view TierName(Tier tier) {
  switch (tier) {
    case Tier::kHealthy:
      return "healthy";
    case Tier::kSuspect:
      return "suspect";
    case Tier::kDown:
      return "unreachable (down)";
  }
  return "unknown";
}

CandidateTable::CandidateTable(const OriginSnapshot& origins)
    : shape_version_(origins.shape_version) {
  for (uint32_t index = 0; index < origins.origins.size(); ++index) {
    const Origin& origin = *origins.origins[index];
    if (origin.admin_state != AdminState::kActive) continue;
    for (const Protocol protocol : kAllProtocols) {
      if (origin.registration.EndpointsFor(protocol).empty()) continue;
      tiers_[static_cast<size_t>(protocol)][static_cast<size_t>(TierOf(origin))].push_back(
          {index, origin.weight});
    }
  }
}

}  // namespace srsproxy
