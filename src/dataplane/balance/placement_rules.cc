#include "dataplane/balance/placement_rules.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "dataplane/balance/selection.h"

namespace srsproxy {
namespace {

bool Listens(const Origin& origin, const PickRequest& request) {
  return !origin.registration.EndpointsFor(request.protocol).empty();
}

// As far as it has told.
bool IsFull(const Origin& origin) {
  return origin.capacity > 0 && origin.load.connections.value_or(0) >= origin.capacity;
}

bool TriedInVain(const Origin& origin, const PickRequest& request) {
  return std::find(request.excluded.begin(), request.excluded.end(), origin.id) !=
         request.excluded.end();
}

// Whether the stream has a publisher here that counts for `request`: one that has no media flowing
// yet must not keep another publisher away.
bool IsPublished(const StreamMapping& mapping, const PickRequest& request) {
  return mapping.publisher_live || (request.role == Role::kViewer && mapping.publishers > 0);
}

// Whether a stream that is mapped to `origin` is used there without a look at others. An origin
// that is leaving keeps the streams that are live on it, and gets their viewers.
bool IsGoodFor(const Origin& origin, const StreamMapping& mapping, const PickRequest& request) {
  if (!CanServe(origin, request)) return false;
  if (HoldsLease(origin)) return !origin.down;
  const bool viewed = mapping.viewers > 0 && !mapping.provisional;
  return IsPublished(mapping, request) ||
         (origin.health == OriginHealth::kLeaving && viewed && request.role == Role::kViewer);
}

// What keeps a mapped stream's origin from being used without a look at others.
std::string_view TroubleOf(const Origin& origin) {
  if (origin.deregistered) return "was deregistered";
  if (!HoldsLease(origin)) return "has been silent for too long";
  return "is down for this proxy";
}

class Decider {
 public:
  Decider(const PlacementInputs& inputs, std::vector<std::string>* steps)
      : inputs_(inputs), request_(inputs.request), steps_(steps) {}

  PlacementDecision Decide() const {
    if (inputs_.mapping.has_value()) return DecideMapped(*inputs_.mapping);
    Say("The stream has no mapping.");
    return PlaceAnew({}, 0);
  }

 private:
  // What narrows the choice for this stream.
  struct Restriction {
    std::optional<std::string> server;  // It is pinned to this one.
    std::optional<size_t> rule;         // This one fits it.
  };

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
      return PlaceAnew({}, mapping.version);
    }
    const bool superseded = origin->id != mapping.origin_id;
    if (superseded) Say("That origin was superseded by ", origin->id, ": the stream follows it.");

    PlacementDecision stay;
    stay.origin = origin;
    stay.reason = PickReason::kMapped;
    stay.replaces_version = superseded ? mapping.version : 0;
    stay.inherits = superseded;
    if (IsGoodFor(*origin, mapping, request_)) {
      Say("It is ", ToAbsl(ToName(origin->health)), " and listens for ",
          ToAbsl(ToName(request_.protocol)), ": it is used.");
      return stay;
    }

    const std::string trouble =
        !Listens(*origin, request_)
            ? absl::StrCat("does not listen for ", ToAbsl(ToName(request_.protocol)))
        : TriedInVain(*origin, request_) ? "could not be reached by this session"
                                         : std::string(TroubleOf(*origin));
    const bool could_try = CanServe(*origin, request_);
    if (IsPublished(mapping, request_)) {
      if (could_try) {
        Say("It ", trouble, ", but holds the publisher: it is used.");
        return stay;
      }
      Say("It ", trouble, ", but holds the publisher: the stream is not moved.");
      return Refuse(absl::StrCat("stream ", request_.key.ToString(), " is published on origin ",
                                 origin->id, ", which ", trouble));
    }
    Say("It ", trouble, " and its publisher is gone: the stream may be placed anew.");
    PlacementDecision other = PlaceAnew(origin->id, mapping.version);
    other.unless_live = true;  // It may have come alive meanwhile.
    const bool better = other.origin != nullptr &&
                        (origin->deregistered || TierOf(*other.origin) < TierOf(*origin));
    if (could_try && !better && !origin->deregistered) {
      Say("No other origin is better off: it is used.");
      return stay;
    }
    return other;
  }

  // On any origin but `left_out`.
  PlacementDecision PlaceAnew(std::string_view left_out, uint64_t replaces_version) const {
    if (inputs_.pinned_server().has_value()) return Choose(left_out, replaces_version);
    const auto sibling = inputs_.sibling();
    PlacementDecision decision;
    if (sibling.has_value()) decision.origin = OriginOfSibling(*sibling, left_out);
    if (decision.origin != nullptr) {
      decision.reason = PickReason::kMappedByVhost;
      decision.replaces_version = replaces_version;
    } else {
      decision = Choose(left_out, replaces_version);
    }
    decision.other_vhost_origin = sibling.has_value() ? sibling->origin_id : std::string();
    return decision;
  }

  // Null: it is not to be used.
  std::shared_ptr<const Origin> OriginOfSibling(const StreamMapping& sibling,
                                                std::string_view left_out) const {
    if (!JoinsOtherVhost(request_.role, sibling)) return nullptr;
    auto origin = inputs_.origins.Resolve(sibling.origin_id);
    const bool usable = origin != nullptr && origin->id != left_out && !Leaving(*origin) &&
                        (IsGoodFor(*origin, sibling, request_) ||
                         (CanServe(*origin, request_) && sibling.publisher_live));
    Say("The same ", sibling.key.app, "/", sibling.key.stream, " of vhost ", sibling.key.vhost,
        " is mapped to origin ", sibling.origin_id,
        !usable                          ? ", which can not be used."
        : request_.role == Role::kViewer ? ": viewers are placed there."
                                         : ", where viewers wait: it is published there.");
    return usable ? origin : nullptr;
  }

  // Among all origins but `left_out`.
  PlacementDecision Choose(std::string_view left_out, uint64_t replaces_version) const {
    const Restriction restriction = Restrict();
    if (steps_ != nullptr) {
      const std::string why_not = DescribeExcluded(restriction);
      if (!why_not.empty()) Say("No candidates: ", why_not, ".");
    }
    std::vector<Candidate> left;
    for (const auto& [tier, name] : kEnumTable<Tier>) {
      for (const Distance distance : kAllDistances) {
        const auto candidates = Narrow(inputs_.candidates.Of(request_.protocol, tier, distance),
                                       left_out, restriction, left);
        if (candidates.empty()) continue;
        PlacementDecision decision;
        decision.origin = Select(candidates);
        decision.reason =
            restriction.server.has_value() ? PickReason::kPinned : PickReason::kClaimed;
        decision.replaces_version = replaces_version;
        Say("Of ", candidates.size(), " ", ToAbsl(name), " origins", DescribeDistance(distance),
            ", ", decision.origin->id, " is chosen (", ToAbsl(ToName(inputs_.options.strategy)),
            ").");
        return decision;
      }
    }
    return Refuse(DescribeLack(left_out, restriction));
  }

  Restriction Restrict() const {
    Restriction restriction;
    restriction.server = inputs_.pinned_server();
    if (restriction.server.has_value()) {
      Say("It is pinned to server ", *restriction.server, ".");
      return restriction;
    }
    const auto& rules = inputs_.options.rules;
    const auto fits = std::find_if(rules.begin(), rules.end(), [&](const PlacementRule& rule) {
      return rule.Fits(request_.key);
    });
    if (fits != rules.end()) {
      restriction.rule = static_cast<size_t>(fits - rules.begin());
      Say("The placement rule '", fits->ToString(), "' fits it.");
    } else if (!rules.empty()) {
      Say("No placement rule fits it.");
    }
    return restriction;
  }

  bool Allows(const Restriction& restriction, uint32_t origin) const {
    if (restriction.server.has_value()) {
      return inputs_.origins.origins[origin]->registration.server == *restriction.server;
    }
    return !restriction.rule.has_value() || inputs_.candidates.Selects(*restriction.rule, origin);
  }

  // Those of `candidates` that may be chosen, in `left` where they are not all.
  std::span<const Candidate> Narrow(std::span<const Candidate> candidates,
                                    std::string_view left_out, const Restriction& restriction,
                                    std::vector<Candidate>& left) const {
    const bool restricted = restriction.server.has_value() || restriction.rule.has_value();
    const bool some_left_out =
        !left_out.empty() || !inputs_.leaving.empty() || !request_.excluded.empty();
    if (!restricted && !some_left_out) return candidates;
    left.clear();
    left.reserve(candidates.size());
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(left),
                 [&](const Candidate& candidate) {
                   if (restricted && !Allows(restriction, candidate.index)) return false;
                   if (!some_left_out) return true;
                   const Origin& origin = *OriginOf(candidate);
                   return origin.id != left_out && !Leaving(origin) &&
                          !TriedInVain(origin, request_);
                 });
    return left;
  }

  // By the strategy; a full one only where all are.
  const std::shared_ptr<const Origin>& Select(std::span<const Candidate> candidates) const {
    const auto& chosen = SelectByStrategy(candidates);
    if (!IsFull(*chosen)) return chosen;
    std::vector<Candidate> left;
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(left),
                 [&](const Candidate& candidate) {
                   return !candidate.limited || !IsFull(*OriginOf(candidate));
                 });
    Say("Of these, ", candidates.size() - left.size(), " have reached their capacity.");
    return left.empty() ? chosen : SelectByStrategy(left);
  }

  const std::shared_ptr<const Origin>& SelectByStrategy(
      std::span<const Candidate> candidates) const {
    const auto streams = [&](const Candidate& candidate) {
      return inputs_.candidates.StreamsOf(candidate.index);
    };
    const auto connections = [&](const Candidate& candidate) {
      const Origin& origin = *OriginOf(candidate);
      return origin.health == OriginHealth::kHealthy ? origin.load.connections : std::nullopt;
    };
    const Selector select = SelectorOf(inputs_.options.strategy);
    return OriginOf(select({.candidates = candidates,
                            .streams = streams,
                            .connections = connections,
                            .key_hash = StableHash(request_.key.ToString()),
                            .random = inputs_.random}));
  }

  const std::shared_ptr<const Origin>& OriginOf(const Candidate& candidate) const {
    return inputs_.origins.origins[candidate.index];
  }

  bool Leaving(const Origin& origin) const {
    return !inputs_.leaving.empty() && origin.registration.server == inputs_.leaving;
  }

  std::string DescribeDistance(Distance distance) const {
    if (inputs_.options.zone.empty()) return "";
    return absl::StrCat(distance == Distance::kNear ? " of zone " : " outside zone ",
                        inputs_.options.zone);
  }

  // Why origins that the restriction allows are no candidates, with how many each.
  std::string DescribeExcluded(const Restriction& restriction) const {
    size_t not_active = 0;
    size_t deregistered = 0;
    size_t not_listening = 0;
    size_t tried_in_vain = 0;
    size_t leaving = 0;
    const auto& origins = inputs_.origins.origins;
    for (uint32_t index = 0; index < origins.size(); ++index) {
      const Origin& origin = *origins[index];
      if (!Allows(restriction, index)) continue;
      if (origin.deregistered) {
        ++deregistered;
      } else if (origin.admin_state != AdminState::kActive) {
        ++not_active;
      } else if (!Listens(origin, request_)) {
        ++not_listening;
      } else if (TriedInVain(origin, request_)) {
        ++tried_in_vain;
      } else if (Leaving(origin)) {
        ++leaving;
      }
    }
    std::vector<std::string> reasons;
    const auto add = [&](size_t count, const char* reason) {
      if (count > 0) reasons.push_back(absl::StrCat(count, " ", reason));
    };
    add(not_active, "cordoned or draining");
    add(deregistered, "deregistered");
    add(not_listening, "not listening for this protocol");
    add(tried_in_vain, "tried in vain by this session");
    add(leaving, "of the server that it leaves");
    return absl::StrJoin(reasons, ", ");
  }

  std::string DescribeLack(std::string_view left_out, const Restriction& restriction) const {
    if (inputs_.origins.origins.empty()) return "no origin is registered with this proxy";
    const std::string key = request_.key.ToString();
    const std::string protocol(ToName(request_.protocol));
    const std::string excluded = DescribeExcluded(restriction);
    const auto why_not = [&](const char* when_none) {
      return absl::StrCat(" by ", protocol, ": ", excluded.empty() ? when_none : excluded);
    };
    const char* const none_here = left_out.empty() ? "there is none" : "there is no other";
    if (restriction.server.has_value()) {
      return absl::StrCat("stream ", key, " is pinned to server ", *restriction.server,
                          ", of which no origin can serve it", why_not(none_here));
    }
    if (restriction.rule.has_value()) {
      return absl::StrCat("the placement rule '",
                          inputs_.options.rules[*restriction.rule].ToString(),
                          "' selects no origin that can serve ", key, why_not(none_here));
    }
    return absl::StrCat("no origin can serve ", key, why_not("there is no other"));
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
