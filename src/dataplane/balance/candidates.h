// Who could serve a new stream, worked out once for many picks.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/balance/stream_counts.h"
#include "dataplane/core/config.h"
#include "dataplane/core/enum_names.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/placement_rule.h"
#include "dataplane/core/protocol.h"

namespace srsproxy {

// How new streams are placed: the settings of the same names.
struct PlacementOptions {
  LoadBalancerStrategy strategy = LoadBalancerStrategy::kRandom;
  std::string zone;
  std::vector<PlacementRule> rules;

  static PlacementOptions From(const Config& config);

  friend bool operator==(const PlacementOptions&, const PlacementOptions&) = default;
};

// In the order of preference.
//
// An origin that heartbeats come from is tried before one that has lost its lease, even where this
// proxy could not connect to it lately: that is one proxy's opinion, and a session that fails there
// goes on to the next.
enum class Tier : uint8_t {
  kHealthy,
  kSuspect,
  kDown,
  kLastResort,      // Its lease has ended by silence.
  kLastResortDown,  // And it is down, too.
};
// For people: "healthy", "suspect", "unreachable (down)", "silent", "silent and unreachable (down)"
constexpr auto NamesOf(Tier) {
  return EnumNames<Tier>({{Tier::kHealthy, "healthy"},
                          {Tier::kSuspect, "suspect"},
                          {Tier::kDown, "unreachable (down)"},
                          {Tier::kLastResort, "silent"},
                          {Tier::kLastResortDown, "silent and unreachable (down)"}});
}
// Not of one that is deregistered.
Tier TierOf(const Origin& origin);

// Within a tier, in the order of preference. Without a zone of its own all are near this proxy.
enum class Distance : uint8_t { kNear, kFar };
inline constexpr Distance kAllDistances[] = {Distance::kNear, Distance::kFar};

struct Candidate {
  uint32_t index = 0;  // In OriginSnapshot::origins.
  double weight = 1.0;
  uint64_t hash = 0;     // Of its server and address: the same on every proxy.
  bool limited = false;  // It has a capacity.
};

// The ACTIVE origins of a snapshot that are not deregistered, by protocol, tier and distance. Holds
// for every snapshot of the same shape_version, as long as the options are the same. Immutable, but
// for what it counts.
class CandidateTable {
 public:
  CandidateTable(const OriginSnapshot& origins, const PlacementOptions& options,
                 const StreamCounts& counts);

  uint64_t shape_version() const { return shape_version_; }
  std::span<const Candidate> Of(Protocol protocol, Tier tier, Distance distance) const {
    return tiers_[Index(protocol)][Index(tier)][Index(distance)];
  }
  // Whether the rule selects the origin. `rule`: an index in PlacementOptions::rules.
  bool Selects(size_t rule, uint32_t origin) const { return selected_[rule][origin]; }
  // How many streams in use the origin has now, with those of the registrations that it superseded.
  uint64_t StreamsOf(uint32_t origin) const;

 private:
  template <typename Enum>
  static constexpr size_t Index(Enum value) {
    return static_cast<size_t>(value);
  }
  using ByDistance = std::array<std::vector<Candidate>, std::size(kAllDistances)>;
  using ByTier = std::array<ByDistance, kEnumSize<Tier>>;

  struct Former {
    uint32_t origin;  // The one that superseded it.
    StreamCounts::Counter streams;
  };

  const uint64_t shape_version_;
  std::array<ByTier, kEnumSize<Protocol>> tiers_;
  std::vector<std::vector<bool>> selected_;     // By rule and origin.
  std::vector<StreamCounts::Counter> streams_;  // By origin.
  std::vector<Former> former_;                  // With streams; by origin.
};

}  // namespace srsproxy
