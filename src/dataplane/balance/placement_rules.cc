#include "dataplane/balance/placement_rules.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

namespace srsproxy {
namespace {

bool Listens(const Origin& origin, const PickRequest& request) {
  return !origin.registration.EndpointsFor(request.protocol).empty();
}

bool TriedInVain(const Origin& origin, const PickRequest& request) {
  return std::find(request.excluded.begin(), request.excluded.end(), origin.id) !=
         request.excluded.end();
}

class Decider {
 public:
  Decider(const PlacementInputs& inputs, std::vector<std::string>* steps)
      : inputs_(inputs), request_(inputs.request), steps_(steps) {}

  PlacementDecision Decide() const {
    if (inputs_.mapping.has_value()) return DecideMapped(*inputs_.mapping);
    Say("The stream has no mapping.");
    if (inputs_.sibling.has_value() && request_.role == Role::kViewer) {
      if (auto decision = DecideBySibling(*inputs_.sibling)) return *std::move(decision);
    }
    return Choose({}, 0);
  }

 private:
  template <typename... Parts>
  void Say(const Parts&... parts) const {
    if (steps_ != nullptr) steps_->push_back(absl::StrCat(parts...));
  }

  PlacementDecision DecideMapped(const StreamMapping& mapping) const {
    Say("The stream is mapped to origin ", mapping.origin_id, " (", mapping.publishers,
        " publishers and ", mapping.viewers, " viewers of this proxy",
        mapping.publisher_live ? ", media flows" : "", ").");
    const auto origin = inputs_.origins.Resolve(mapping.origin_id);
    if (origin == nullptr) {
      Say("That origin's registration has ended: the stream is placed anew.");
      return Choose({}, mapping.version);
    }
    const bool superseded = origin->id != mapping.origin_id;
    if (superseded) Say("That origin was superseded by ", origin->id, ": the stream follows it.");

    PlacementDecision stay;
    stay.origin = origin;
    stay.reason = PickReason::kMapped;
    stay.replaces_version = superseded ? mapping.version : 0;
    stay.follows = superseded;
    if (CanServe(*origin, request_) && !origin->down) {
      Say("It is ", ToAbsl(OriginHealthName(origin->health)), " and listens for ",
          ToAbsl(ProtocolName(request_.protocol)), ": it is used.");
      return stay;
    }

    const std::string trouble =
        !Listens(*origin, request_)
            ? absl::StrCat("does not listen for ", ToAbsl(ProtocolName(request_.protocol)))
        : TriedInVain(*origin, request_) ? "could not be reached by this session"
                                         : "is down for this proxy";
    const bool could_try = CanServe(*origin, request_);
    // A publisher that has no media flowing yet must not keep another publisher away.
    const bool publisher_gone =
        !mapping.publisher_live && (request_.role == Role::kPublisher || mapping.publishers == 0);
    if (!publisher_gone) {
      if (could_try) {
        Say("It ", trouble, ", but holds the publisher: it is used.");
        return stay;
      }
      Say("It ", trouble, ", but holds the publisher: the stream is not moved.");
      return Refuse(absl::StrCat("stream ", request_.key.ToString(), " is published on origin ",
                                 origin->id, ", which ", trouble));
    }
    Say("It ", trouble, " and its publisher is gone: the stream may be placed anew.");
    PlacementDecision other = Choose(origin->id, mapping.version);
    const bool better = other.origin != nullptr && !other.origin->down;
    if (could_try && !better) {
      Say("No other origin is better off: it is used.");
      return stay;
    }
    return other;
  }

  std::optional<PlacementDecision> DecideBySibling(const StreamMapping& sibling) const {
    const auto origin = inputs_.origins.Resolve(sibling.origin_id);
    const bool usable = origin != nullptr && CanServe(*origin, request_) &&
                        (!origin->down || sibling.publisher_live);
    Say("The same ", sibling.key.app, "/", sibling.key.stream, " of vhost ", sibling.key.vhost,
        " is mapped to origin ", sibling.origin_id,
        usable ? ": viewers are placed there." : ", which can not be used.");
    if (!usable) return std::nullopt;
    PlacementDecision decision;
    decision.origin = origin;
    decision.reason = PickReason::kMappedByVhost;
    return decision;
  }

  // Among all origins but `left_out`.
  PlacementDecision Choose(std::string_view left_out, uint64_t replaces_version) const {
    const bool all_may = left_out.empty() && request_.excluded.empty();
    if (steps_ != nullptr) {
      const std::string why_not = DescribeExcluded(left_out);
      if (!why_not.empty()) Say("No candidates: ", why_not, ".");
    }
    std::vector<Candidate> left;
    for (const Tier tier : kAllTiers) {
      std::span<const Candidate> candidates = inputs_.candidates.Of(request_.protocol, tier);
      if (!all_may) {
        left.clear();
        std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(left),
                     [&](const Candidate& candidate) {
                       const Origin& origin = *OriginOf(candidate);
                       return origin.id != left_out && !TriedInVain(origin, request_);
                     });
        candidates = left;
      }
      if (candidates.empty()) continue;
      PlacementDecision decision;
      decision.origin = OriginOf(inputs_.selector(candidates, inputs_.random));
      decision.replaces_version = replaces_version;
      Say("Of ", candidates.size(), " ", ToAbsl(TierName(tier)), " origins, ", decision.origin->id,
          " is chosen.");
      return decision;
    }
    if (inputs_.origins.origins.empty()) {
      return Refuse("no origin is registered with this proxy");
    }
    const std::string why_not = DescribeExcluded(left_out);
    return Refuse(absl::StrCat("no origin can serve ", request_.key.ToString(), " by ",
                               ToAbsl(ProtocolName(request_.protocol)), ": ",
                               why_not.empty() ? "there is no other" : why_not));
  }

  const std::shared_ptr<const Origin>& OriginOf(const Candidate& candidate) const {
    return inputs_.origins.origins[candidate.index];
  }

  // Why origins are no candidates, with how many each.
  std::string DescribeExcluded(std::string_view left_out) const {
    size_t not_active = 0;
    size_t not_listening = 0;
    size_t tried_in_vain = 0;
    for (const auto& origin : inputs_.origins.origins) {
      if (origin->id == left_out) continue;
      if (origin->admin_state != AdminState::kActive) {
        ++not_active;
      } else if (!Listens(*origin, request_)) {
        ++not_listening;
      } else if (TriedInVain(*origin, request_)) {
        ++tried_in_vain;
      }
    }
    std::vector<std::string> reasons;
    const auto add = [&](size_t count, const char* reason) {
      if (count > 0) reasons.push_back(absl::StrCat(count, " ", reason));
    };
    add(not_active, "cordoned or draining");
    add(not_listening, "not listening for this protocol");
    add(tried_in_vain, "tried in vain by this session");
    return absl::StrJoin(reasons, ", ");
  }

  PlacementDecision Refuse(std::string_view message) const {
    Say("Refused: ", ToAbsl(message), ".");
    PlacementDecision decision;
    decision.refusal = ProxyFailure(absl::StatusCode::kUnavailable, message);
    return decision;
  }

  const PlacementInputs& inputs_;
  const PickRequest& request_;
  std::vector<std::string>* const steps_;
};

}  // namespace

bool CanServe(const Origin& origin, const PickRequest& request) {
  return Listens(origin, request) && !TriedInVain(origin, request);
}

PlacementDecision DecidePlacement(const PlacementInputs& inputs, std::vector<std::string>* steps) {
  return Decider(inputs, steps).Decide();
}

}  // namespace srsproxy
