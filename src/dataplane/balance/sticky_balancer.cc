#include "dataplane/balance/sticky_balancer.h"

#include <atomic>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

// A claim that answers with an origin which has just gone is tried again; more often than this
// means that origins come and go faster than a client connects.
constexpr int kMaxAttempts = 4;

class DirectoryLease final : public StreamLease {
 public:
  DirectoryLease(std::shared_ptr<StreamDirectory> streams, StreamKey key, Role role)
      : streams_(std::move(streams)), key_(std::move(key)), role_(role) {}
  ~DirectoryLease() override { End(); }

  void MediaFlows() override {
    if (!ended_ && !flowing_.exchange(true)) streams_->MediaFlows(key_, role_);
  }
  void Refused() override { End(); }

 private:
  void End() {
    if (!ended_.exchange(true)) streams_->SessionEnded(key_, role_, flowing_);
  }

  const std::shared_ptr<StreamDirectory> streams_;
  const StreamKey key_;
  const Role role_;
  std::atomic<bool> flowing_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace

struct StickyBalancer::Attempt {
  PickRequest request;
  PickCallback done;
  int number = 1;
};

StickyBalancer::StickyBalancer(OriginRegistry& origins, std::shared_ptr<StreamDirectory> streams,
                               Selector selector, uint64_t seed)
    : origins_(origins), streams_(std::move(streams)), selector_(selector), random_(seed) {}

void StickyBalancer::Pick(PickRequest request, PickCallback done) {
  Try({std::move(request), std::move(done)});
}

PickExplanation StickyBalancer::Explain(const PickRequest& request) const {
  PickExplanation explanation;
  const PlacementDecision decision = Decide(request, &explanation.steps);
  explanation.reason = decision.reason;
  explanation.mapped = streams_->Find(request.key).has_value();
  if (decision.origin != nullptr) explanation.origin_id = decision.origin->id;
  return explanation;
}

void StickyBalancer::ReportConnect(std::string_view origin_id, ConnectOutcome outcome) {
  origins_.ReportConnect(origin_id, outcome);
}

PlacementDecision StickyBalancer::Decide(const PickRequest& request,
                                         std::vector<std::string>* steps) const {
  const auto snapshot = origins_.snapshot();
  const auto candidates = CandidatesOf(*snapshot);
  PlacementInputs inputs{request,      *snapshot, *candidates,   streams_->Find(request.key),
                         std::nullopt, selector_, random_.Next()};
  if (!inputs.mapping.has_value() && request.role == Role::kViewer) {
    inputs.sibling = streams_->FindInOtherVhost(request.key);
  }
  return DecidePlacement(inputs, steps);
}

std::shared_ptr<const CandidateTable> StickyBalancer::CandidatesOf(
    const OriginSnapshot& origins) const {
  const std::lock_guard lock(candidates_mutex_);
  if (candidates_ == nullptr || candidates_->shape_version() != origins.shape_version) {
    candidates_ = std::make_shared<const CandidateTable>(origins);
  }
  return candidates_;
}

void StickyBalancer::Try(Attempt attempt) {
  PlacementDecision decision = Decide(attempt.request, nullptr);
  if (decision.origin == nullptr) {
    attempt.done(std::move(decision.refusal));
    return;
  }
  ClaimRequest claim{attempt.request.key, decision.origin->id, attempt.request.role,
                     decision.replaces_version, decision.follows};
  streams_->Claim(std::move(claim),
                  [this, attempt = std::move(attempt),
                   decision = std::move(decision)](absl::StatusOr<ClaimOutcome> outcome) mutable {
                    Settle(std::move(attempt), decision, std::move(outcome));
                  });
}

void StickyBalancer::Settle(Attempt attempt, const PlacementDecision& decision,
                            absl::StatusOr<ClaimOutcome> outcome) {
  if (!outcome.ok()) {
    attempt.done(outcome.status());
    return;
  }
  Placement placement;
  placement.lease =
      std::make_unique<DirectoryLease>(streams_, attempt.request.key, attempt.request.role);
  placement.origin = decision.origin;
  placement.reason = decision.reason;
  const ClaimOutcome& claimed = *outcome;
  if (!claimed.granted && decision.reason != PickReason::kMapped) {
    placement.reason = PickReason::kLostRace;
  }
  if (claimed.mapping.origin_id != placement.origin->id) {
    placement.reason = PickReason::kLostRace;
    placement.origin = origins_.snapshot()->Find(claimed.mapping.origin_id);
    if (placement.origin == nullptr || !CanServe(*placement.origin, attempt.request)) {
      placement.lease.reset();
      if (++attempt.number <= kMaxAttempts) {
        Try(std::move(attempt));
      } else {
        attempt.done(ProxyFailure(absl::StatusCode::kUnavailable,
                                  absl::StrCat("the placement of ", attempt.request.key.ToString(),
                                               " kept changing: try again")));
      }
      return;
    }
  }
  const OriginRegistration& registration = placement.origin->registration;
  placement.endpoint =
      DialEndpoint(registration, registration.EndpointsFor(attempt.request.protocol).front());
  attempt.done(std::move(placement));
}

}  // namespace srsproxy
