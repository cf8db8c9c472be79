#include "dataplane/balance/sticky_balancer.h"

#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "dataplane/balance/rebalance.h"

namespace srsproxy {
namespace {

// A claim that answers with an origin which has just gone is tried again; more often than this
// means that origins come and go faster than a client connects.
constexpr int kMaxAttempts = 4;

std::string WaitStep(const StartWait& wait) {
  const std::string seconds = absl::StrFormat("%.1f s", absl::ToDoubleSeconds(wait.left));
  if (wait.for_first) {
    return absl::StrCat(
        "This proxy has just started and knows no origin: the client waits for one, ", seconds,
        " at most, and then for PROXY_START_SETTLE.");
  }
  return absl::StrCat(
      "This proxy has just started: before that the client waits until no further origin has come "
      "for PROXY_START_SETTLE, ",
      seconds, " from now unless one comes.");
}

class HoldLease final : public StreamLease {
 public:
  HoldLease(std::unique_ptr<StreamHold> hold, std::unique_ptr<OriginTraffic::Use> use)
      : use_(std::move(use)), hold_(std::move(hold)) {}

  void MarkLive(StreamHold::LiveCallback done) override { hold_->MarkLive(std::move(done)); }
  void WhenLost(StreamHold::LostCallback lost) override { hold_->WhenLost(std::move(lost)); }
  void MediaPassed() override { use_->MediaPassed(); }
  void Refused() override { hold_->Refused(); }

 private:
  const std::unique_ptr<OriginTraffic::Use> use_;
  const std::unique_ptr<StreamHold> hold_;
};

}  // namespace

struct StickyBalancer::Attempt {
  PickRequest request;
  PickCallback done;
  int number = 1;
};

StickyBalancer::StickyBalancer(OriginRegistry& origins, std::shared_ptr<StreamDirectory> streams,
                               const StreamCounts& counts, PlacementOptions options, uint64_t seed)
    : origins_(origins), streams_(std::move(streams)), counts_(counts), random_(seed) {
  Configure(std::move(options));
}

void StickyBalancer::Configure(PlacementOptions options) {
  auto shared = std::make_shared<const PlacementOptions>(std::move(options));
  const std::lock_guard lock(plan_mutex_);
  plan_ = {std::move(shared), nullptr};
}

PlacementOptions StickyBalancer::options() const {
  const std::lock_guard lock(plan_mutex_);
  return *plan_.options;
}

void StickyBalancer::Pick(PickRequest request, PickCallback done) {
  Try({std::move(request), std::move(done)});
}

PickExplanation StickyBalancer::Explain(const PickRequest& request) const {
  PickExplanation explanation;
  const auto snapshot = origins_.snapshot();
  const PlacementDecision decision =
      Decide(request, *snapshot, PlanFor(*snapshot), &explanation.steps);
  explanation.reason = decision.reason;
  explanation.mapped = streams_->Find(request.key).has_value();
  if (decision.origin != nullptr) explanation.origin_id = decision.origin->id;
  if (explanation.placed()) return explanation;
  if (const auto wait = origins_.WaitNow()) {
    explanation.wait = wait->left;
    explanation.steps.push_back(WaitStep(*wait));
  }
  return explanation;
}

void StickyBalancer::ReportConnect(std::string_view origin_id, ConnectOutcome outcome) {
  origins_.ReportConnect(origin_id, outcome);
}

absl::StatusOr<std::shared_ptr<const Origin>> StickyBalancer::ChooseFor(
    const StreamKey& key, std::string_view excluded_server) const {
  const auto snapshot = origins_.snapshot();
  const Plan plan = PlanFor(*snapshot);
  const PickRequest request{key, Protocol::kRtmp, Role::kPublisher, {}};
  const auto pinned = [&] { return streams_->PinnedServer(key); };
  const auto sibling = [&] { return streams_->FindInOtherVhost(key); };
  const PlacementDecision decision = DecidePlacement({.request = request,
                                                      .origins = *snapshot,
                                                      .candidates = *plan.candidates,
                                                      .options = *plan.options,
                                                      .mapping = std::nullopt,
                                                      .sibling = sibling,
                                                      .pinned_server = pinned,
                                                      .leaving = excluded_server,
                                                      .random = {random_.Next(), random_.Next()}});
  if (decision.origin == nullptr) return decision.refusal;
  if (decision.origin->down || !HoldsLease(*decision.origin)) {
    return ProxyFailure(
        absl::StatusCode::kUnavailable,
        absl::StrCat("origin ", decision.origin->id, ", the only choice for stream ",
                     key.ToString(),
                     decision.origin->down ? ", is down for this proxy" : ", has lost its lease"));
  }
  return decision.origin;
}

double StickyBalancer::Imbalance() const {
  const auto snapshot = origins_.snapshot();
  const Plan plan = PlanFor(*snapshot);
  std::vector<uint64_t> streams;
  for (uint32_t index = 0; index < snapshot->origins.size(); ++index) {
    streams.push_back(plan.candidates->StreamsOf(index));
  }
  return ImbalanceOf(SharesOf(*snapshot, *plan.options, streams));
}

PlacementDecision StickyBalancer::Decide(const PickRequest& request, const OriginSnapshot& origins,
                                         const Plan& plan, std::vector<std::string>* steps) const {
  const auto pinned = [&] { return streams_->PinnedServer(request.key); };
  const auto sibling = [&] { return streams_->FindInOtherVhost(request.key); };
  const PlacementInputs inputs{.request = request,
                               .origins = origins,
                               .candidates = *plan.candidates,
                               .options = *plan.options,
                               .mapping = streams_->Find(request.key),
                               .sibling = sibling,
                               .pinned_server = pinned,
                               .leaving = {},
                               .random = {random_.Next(), random_.Next()}};
  return DecidePlacement(inputs, steps);
}

StickyBalancer::Plan StickyBalancer::PlanFor(const OriginSnapshot& origins) const {
  const std::lock_guard lock(plan_mutex_);
  if (plan_.candidates == nullptr || plan_.candidates->shape_version() != origins.shape_version) {
    plan_.candidates = std::make_shared<const CandidateTable>(origins, *plan_.options, counts_);
  }
  return plan_;
}

void StickyBalancer::Try(Attempt attempt) {
  const auto snapshot = origins_.snapshot();
  const Plan plan = PlanFor(*snapshot);
  if (streams_->state() == StoreState::kNeverSynced) {
    attempt.done(ProxyFailure(absl::StatusCode::kUnavailable,
                              "this proxy has not learnt yet where streams are: try again"));
    return;
  }
  PlacementDecision decision = Decide(attempt.request, *snapshot, plan, nullptr);
  if (decision.origin == nullptr) {
    attempt.done(std::move(decision.refusal));
    return;
  }
  ClaimRequest claim{.key = attempt.request.key,
                     .origin_id = decision.origin->id,
                     .role = attempt.request.role,
                     .replaces_version = decision.replaces_version,
                     .follows = decision.follows,
                     .unless_live = decision.unless_live,
                     .other_vhost_origin = decision.other_vhost_origin};
  streams_->Claim(std::move(claim),
                  [this, attempt = std::move(attempt), decision = std::move(decision),
                   strategy = StrategyName(plan.options->strategy)](
                      absl::StatusOr<ClaimOutcome> outcome) mutable {
                    Settle(std::move(attempt), decision, strategy, std::move(outcome));
                  });
}

void StickyBalancer::Settle(Attempt attempt, const PlacementDecision& decision,
                            std::string_view strategy, absl::StatusOr<ClaimOutcome> outcome) {
  if (!outcome.ok()) {
    attempt.done(outcome.status());
    return;
  }
  Placement placement;
  placement.origin = decision.origin;
  placement.reason = decision.reason;
  placement.strategy = strategy;
  const ClaimOutcome& claimed = *outcome;
  if (!claimed.granted && decision.reason != PickReason::kMapped) {
    placement.reason = PickReason::kLostRace;
  }
  if (claimed.mapping.origin_id != placement.origin->id) {
    // Granted, yet elsewhere: another vhost has claimed the same stream meanwhile.
    placement.reason = claimed.granted ? PickReason::kMappedByVhost : PickReason::kLostRace;
    placement.origin = origins_.snapshot()->Find(claimed.mapping.origin_id);
  }
  std::unique_ptr<OriginTraffic::Use> use;
  if (placement.origin != nullptr && CanServe(*placement.origin, attempt.request)) {
    use = origins_.traffic().Begin(placement.origin->id, attempt.request.role);
  }
  if (use == nullptr) {
    // It has gone since the snapshot was made; another one may have superseded it.
    auto now = origins_.BeginUse(claimed.mapping.origin_id, attempt.request.role);
    if (now.use != nullptr && CanServe(*now.origin, attempt.request)) {
      placement.origin = std::move(now.origin);
      use = std::move(now.use);
    }
  }
  if (use == nullptr) {
    outcome->hold.reset();
    if (++attempt.number <= kMaxAttempts) {
      Try(std::move(attempt));
    } else {
      attempt.done(ProxyFailure(absl::StatusCode::kUnavailable,
                                absl::StrCat("the placement of ", attempt.request.key.ToString(),
                                             " kept changing: try again")));
    }
    return;
  }
  placement.lease = std::make_unique<HoldLease>(std::move(outcome->hold), std::move(use));
  const OriginRegistration& registration = placement.origin->registration;
  placement.endpoint =
      DialEndpoint(registration, registration.EndpointsFor(attempt.request.protocol).front());
  attempt.done(std::move(placement));
}

}  // namespace srsproxy
