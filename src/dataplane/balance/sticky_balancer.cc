#include "dataplane/balance/sticky_balancer.h"

#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include "dataplane/balance/origin_shares.h"

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
  auto mapping = streams_->Find(request.key);
  explanation.mapped = mapping.has_value();
  const PlacementDecision decision =
      Decide(request, std::move(mapping), {}, streams_->state(), &explanation.steps).decision;
  explanation.reason = decision.reason;
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
  const PickRequest request{key, Protocol::kRtmp, Role::kPublisher, {}};
  const PlacementDecision decision =
      Decide(request, std::nullopt, excluded_server, streams_->state(), nullptr).decision;
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

StickyBalancer::Decided StickyBalancer::Decide(const PickRequest& request,
                                               std::optional<StreamMapping> mapping,
                                               std::string_view leaving, StoreState state,
                                               std::vector<std::string>* steps) const {
  const auto pinned = [&] { return streams_->PinnedServer(request.key); };
  for (int attempt = 1;; ++attempt) {
    // The origins after the mapping: one that it names and that is not among them has gone, and has
    // not just come.
    const auto origins = origins_.snapshot();
    bool sibling_unknown = false;
    const auto sibling = [&] {
      auto found = streams_->FindInOtherVhost(request.key);
      sibling_unknown = found.has_value() && origins->Resolve(found->origin_id) == nullptr;
      return found;
    };
    Decided decided{PlanFor(*origins), {}};
    if (steps != nullptr) steps->clear();
    decided.decision = DecidePlacement({.request = request,
                                        .origins = *origins,
                                        .candidates = *decided.plan.candidates,
                                        .options = *decided.plan.options,
                                        .mapping = mapping,
                                        .sibling = sibling,
                                        .pinned_server = pinned,
                                        .leaving = leaving,
                                        .store_gone = state == StoreState::kGone,
                                        .random = {random_.Next(), random_.Next()}},
                                       steps);
    // The sibling is read where it matters only, which is after the origins.
    const bool origins_changed = origins_.snapshot() != origins;
    if (!sibling_unknown || !origins_changed || attempt == kMaxAttempts) return decided;
  }
}

StickyBalancer::Plan StickyBalancer::PlanFor(const OriginSnapshot& origins) const {
  const std::lock_guard lock(plan_mutex_);
  if (plan_.candidates == nullptr || plan_.candidates->shape_version() != origins.shape_version) {
    plan_.candidates = std::make_shared<const CandidateTable>(origins, *plan_.options, counts_);
  }
  return plan_;
}

void StickyBalancer::Try(Attempt attempt) {
  const StoreState state = streams_->state();
  if (state == StoreState::kNeverSynced) {
    attempt.done(ProxyFailure(absl::StatusCode::kUnavailable,
                              "this proxy has not learnt yet where streams are: try again"));
    return;
  }
  auto [plan, decision] =
      Decide(attempt.request, streams_->Find(attempt.request.key), {}, state, nullptr);
  if (decision.origin == nullptr) {
    attempt.done(std::move(decision.refusal));
    return;
  }
  ClaimRequest claim{.key = attempt.request.key,
                     .origin_id = decision.origin->id,
                     .role = attempt.request.role,
                     .replaces_version = decision.replaces_version,
                     .inherits = decision.inherits,
                     .unless_live = decision.unless_live,
                     .other_vhost_origin = decision.other_vhost_origin};
  streams_->Claim(
      std::move(claim),
      [this, attempt = std::move(attempt), decision = std::move(decision),
       strategy = ToName(plan.options->strategy)](absl::StatusOr<ClaimOutcome> outcome) mutable {
        Settle(std::move(attempt), decision, strategy, std::move(outcome));
      });
}

void StickyBalancer::Settle(Attempt attempt, const PlacementDecision& decision,
                            std::string_view strategy, absl::StatusOr<ClaimOutcome> outcome) {
  if (!outcome.ok()) {
    // The store was lost while it was asked: where the stream goes is decided without it.
    const bool lost = absl::IsUnavailable(outcome.status()) &&
                      streams_->state() == StoreState::kGone && ++attempt.number <= kMaxAttempts;
    if (lost) return Try(std::move(attempt));
    attempt.done(outcome.status());
    return;
  }
  Placement placement;
  // As it is now: it may have registered at another address since it was chosen.
  const auto origins = origins_.snapshot();
  placement.reason = decision.reason;
  placement.strategy = strategy;
  const ClaimOutcome& claimed = *outcome;
  if (!claimed.granted && decision.reason != PickReason::kMapped) {
    placement.reason = PickReason::kLostRace;
  }
  placement.origin = origins->Find(claimed.mapping.origin_id);
  if (claimed.mapping.origin_id != decision.origin->id) {
    // Granted, yet elsewhere: another vhost has claimed the same stream meanwhile.
    placement.reason = claimed.granted ? PickReason::kMappedByVhost : PickReason::kLostRace;
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
