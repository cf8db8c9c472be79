// The Balancer: every client of a stream goes to the one origin that holds it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "dataplane/balance/candidates.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/balance/placement_rules.h"
#include "dataplane/balance/selection.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Thread-safe. The placement rules propose, the directory's claim decides.
class StickyBalancer final : public Balancer {
 public:
  // `origins` outlives the balancer, and the balancer every pick that has not been answered.
  // `seed` makes the choices repeatable.
  StickyBalancer(OriginRegistry& origins, std::shared_ptr<StreamDirectory> streams,
                 Selector selector, uint64_t seed);

  void Pick(PickRequest request, PickCallback done) override;
  PickExplanation Explain(const PickRequest& request) const override;
  void ReportConnect(std::string_view origin_id, ConnectOutcome outcome) override;

 private:
  struct Attempt;

  PlacementDecision Decide(const PickRequest& request, std::vector<std::string>* steps) const;
  std::shared_ptr<const CandidateTable> CandidatesOf(const OriginSnapshot& origins) const;
  void Try(Attempt attempt);
  void Settle(Attempt attempt, const PlacementDecision& decision,
              absl::StatusOr<ClaimOutcome> outcome);

  OriginRegistry& origins_;
  const std::shared_ptr<StreamDirectory> streams_;
  const Selector selector_;
  mutable RandomSource random_;
  mutable std::mutex candidates_mutex_;
  mutable std::shared_ptr<const CandidateTable> candidates_;  // Of the shape seen last.
};

}  // namespace srsproxy
