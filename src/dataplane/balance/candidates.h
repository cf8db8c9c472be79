// Who could serve a new stream, worked out once for many picks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/core/origin.h"
#include "dataplane/core/protocol.h"

namespace srsproxy {

// In the order of preference.
enum class Tier : uint8_t { kHealthy, kSuspect, kDown };
inline constexpr Tier kAllTiers[] = {Tier::kHealthy, Tier::kSuspect, Tier::kDown};
std::string_view TierName(Tier tier);  // For people: "healthy", "suspect", "unreachable (down)"

struct Candidate {
  uint32_t index = 0;  // In OriginSnapshot::origins.
  double weight = 1.0;
};

// The ACTIVE origins of a snapshot by protocol and tier. Holds for every snapshot of the same
// shape_version.
class CandidateTable {
 public:
  explicit CandidateTable(const OriginSnapshot& origins);

  uint64_t shape_version() const { return shape_version_; }
  std::span<const Candidate> Of(Protocol protocol, Tier tier) const {
    return tiers_[static_cast<size_t>(protocol)][static_cast<size_t>(tier)];
  }

 private:
  uint64_t shape_version_;
  std::array<std::array<std::vector<Candidate>, std::size(kAllTiers)>, std::size(kAllProtocols)>
      tiers_;
};

}  // namespace srsproxy
