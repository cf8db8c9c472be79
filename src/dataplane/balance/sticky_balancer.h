// The Balancer: every client of a stream goes to the one origin that holds it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/balance/candidates.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/placement_rules.h"
#include "dataplane/balance/selection.h"
#include "dataplane/balance/stream_counts.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Thread-safe. The placement rules propose, the directory's claim decides.
class StickyBalancer final : public Balancer {
 public:
  // `origins` and `counts`, which observes `streams`, outlive the balancer, and the balancer every
  // pick that has not been answered. `seed` makes the choices repeatable.
  StickyBalancer(OriginRegistry& origins, std::shared_ptr<StreamDirectory> streams,
                 const StreamCounts& counts, PlacementOptions options, uint64_t seed);

  // For every stream that is placed from now on. Mappings that stand stay.
  void Configure(PlacementOptions options);
  PlacementOptions options() const;

  void Pick(PickRequest request, PickCallback done) override;
  PickExplanation Explain(const PickRequest& request) const override;
  void ReportConnect(std::string_view origin_id, ConnectOutcome outcome) override;

  // Where the stream would be placed anew, by RTMP, were there no mapping and no origin of
  // `excluded_server` (empty: none is excluded). Claims nothing. UNAVAILABLE: nowhere that this
  // proxy can reach; the message has the reason.
  absl::StatusOr<std::shared_ptr<const Origin>> ChooseFor(const StreamKey& key,
                                                          std::string_view excluded_server) const;

  // How uneven the streams are spread now (ImbalanceOf).
  double Imbalance() const;

 private:
  struct Attempt;
  // What picks go by. Immutable.
  struct Plan {
    std::shared_ptr<const PlacementOptions> options;
    std::shared_ptr<const CandidateTable> candidates;  // Of the shape seen last.
  };

  struct Decided {
    Plan plan;  // What it went by.
    PlacementDecision decision;
  };
  // `mapping`: of the request's stream, read before this is called; nullopt: it is placed anew.
  Decided Decide(const PickRequest& request, std::optional<StreamMapping> mapping,
                 std::string_view leaving, StoreState state, std::vector<std::string>* steps) const;
  Plan PlanFor(const OriginSnapshot& origins) const;
  void Try(Attempt attempt);
  void Settle(Attempt attempt, const PlacementDecision& decision, std::string_view strategy,
              absl::StatusOr<ClaimOutcome> outcome);

  OriginRegistry& origins_;
  const std::shared_ptr<StreamDirectory> streams_;
  const StreamCounts& counts_;
  mutable RandomSource random_;
  mutable std::mutex plan_mutex_;
  mutable Plan plan_;
};

}  // namespace srsproxy
