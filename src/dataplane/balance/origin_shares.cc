#include "dataplane/balance/origin_shares.h"

#include <algorithm>
#include <map>

namespace srsproxy {

bool TakesMoves(const Origin& origin) {
  return origin.admin_state == AdminState::kActive && TierOf(origin) == Tier::kHealthy;
}

std::string_view ShareGroupOf(const Origin& origin, const PlacementOptions& options) {
  return options.zone.empty() ? std::string_view() : origin.zone;
}

std::vector<OriginShare> SharesOf(const OriginSnapshot& origins, const PlacementOptions& options,
                                  const std::vector<uint64_t>& streams_by_origin) {
  struct Sum {
    double weight = 0;
    double streams = 0;
  };
  std::map<std::string_view, Sum> groups;
  for (size_t i = 0; i < origins.origins.size(); ++i) {
    const Origin& origin = *origins.origins[i];
    if (!TakesMoves(origin)) continue;
    Sum& sum = groups[ShareGroupOf(origin, options)];
    sum.weight += origin.weight;
    sum.streams += static_cast<double>(streams_by_origin[i]);
  }
  std::vector<OriginShare> shares;
  for (size_t i = 0; i < origins.origins.size(); ++i) {
    const Origin& origin = *origins.origins[i];
    if (!TakesMoves(origin)) continue;
    const Sum& sum = groups[ShareGroupOf(origin, options)];
    shares.push_back({.origin_id = origin.id,
                      .weight = origin.weight,
                      .streams_before = streams_by_origin[i],
                      .streams_after = streams_by_origin[i],
                      .streams_fair = sum.streams * origin.weight / sum.weight});
  }
  return shares;
}

double ImbalanceOf(const std::vector<OriginShare>& shares) {
  double most = 0;
  for (const OriginShare& share : shares) {
    if (share.streams_before == 0) continue;
    most = std::max(most, static_cast<double>(share.streams_before) / share.streams_fair - 1);
  }
  return most;
}

}  // namespace srsproxy
