// How the streams in use are shared among the origins that may get more, and how even that is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/balance/candidates.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

struct OriginShare {
  std::string origin_id;
  double weight = 1.0;
  uint64_t streams_before = 0;
  uint64_t streams_after = 0;
  double streams_fair = 0;  // By weight.
};

// Whether streams may be moved to it: ACTIVE, HEALTHY, and this proxy can reach it.
bool TakesMoves(const Origin& origin);

// Streams move only between origins of the same group: with a zone set, those of one zone.
std::string_view ShareGroupOf(const Origin& origin, const PlacementOptions& options);

// The origins that take moves, with their streams; each has the fair share of its group: with a
// zone set, that of the origins of the same zone.
std::vector<OriginShare> SharesOf(const OriginSnapshot& origins, const PlacementOptions& options,
                                  const std::vector<uint64_t>& streams_by_origin);

// The fullest one's streams over its fair number, less 1; 0: even. By streams_before.
double ImbalanceOf(const std::vector<OriginShare>& shares);

}  // namespace srsproxy
