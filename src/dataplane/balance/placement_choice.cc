#include "dataplane/balance/placement_choice.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <absl/strings/str_join.h>

#include "dataplane/balance/selection.h"

namespace srsproxy {
namespace {

// As far as it has reported.
bool IsFull(const Origin& origin) {
  return origin.capacity > 0 && origin.load.connections.value_or(0) >= origin.capacity;
}

}  // namespace

bool Listens(const Origin& origin, const PickRequest& request) {
  return !origin.registration.EndpointsFor(request.protocol).empty();
}

bool TriedInVain(const Origin& origin, const PickRequest& request) {
  return std::find(request.excluded.begin(), request.excluded.end(), origin.id) !=
         request.excluded.end();
}

bool CanServe(const Origin& origin, const PickRequest& request) {
  return Listens(origin, request) && !TriedInVain(origin, request);
}

bool IsLeft(const PlacementInputs& inputs, const Origin& origin) {
  return !inputs.leaving.empty() && origin.registration.server == inputs.leaving;
}

PlacementDecision Refusal(const PlacementSteps& steps, std::string_view message) {
  steps.Add("Refused: ", ToAbsl(message), ".");
  PlacementDecision decision;
  decision.refusal = ProxyFailure(absl::StatusCode::kUnavailable, message);
  return decision;
}

PlacementDecision PlacementChoice::Choose(std::string_view left_out,
                                          uint64_t replaces_version) const {
  const Restriction restriction = Restrict();
  if (steps_.wanted()) {
    const std::string why_not = DescribeExcluded(restriction);
    if (!why_not.empty()) steps_.Add("No candidates: ", why_not, ".");
  }
  if (inputs_.store_gone) return ChooseByName(left_out, restriction, replaces_version);
  std::vector<Candidate> left;
  for (const auto& [tier, name] : kEnumTable<Tier>) {
    for (const Distance distance : kAllDistances) {
      const auto candidates = Narrow(inputs_.candidates.Of(request_.protocol, tier, distance),
                                     left_out, restriction, left);
      if (candidates.empty()) continue;
      PlacementDecision decision;
      decision.origin = Select(candidates);
      decision.reason = restriction.server.has_value() ? PickReason::kPinned : PickReason::kClaimed;
      decision.replaces_version = replaces_version;
      steps_.Add("Of ", candidates.size(), " ", ToAbsl(name), " origins",
                 DescribeDistance(distance), ", ", decision.origin->id, " is chosen (",
                 ToAbsl(ToName(inputs_.options.strategy)), ").");
      return decision;
    }
  }
  return Refusal(steps_, DescribeLack(left_out, restriction));
}

PlacementDecision PlacementChoice::ChooseByName(std::string_view left_out,
                                                const Restriction& restriction,
                                                uint64_t replaces_version) const {
  std::vector<Candidate> all;
  std::vector<Candidate> left;
  for (const auto& [tier, name] : kEnumTable<Tier>) {
    for (const Distance distance : kAllDistances) {
      const auto candidates = Narrow(inputs_.candidates.Of(request_.protocol, tier, distance),
                                     left_out, restriction, left);
      all.insert(all.end(), candidates.begin(), candidates.end());
    }
  }
  if (all.empty()) return Refusal(steps_, DescribeLack(left_out, restriction));
  for (Candidate& candidate : all) candidate.weight = 1.0;
  PlacementDecision decision;
  decision.origin = OriginOf(SelectConsistentHash(
      {.candidates = all,
       .streams = [](const Candidate&) -> uint64_t { return 0; },
       .connections = [](const Candidate&) -> std::optional<int64_t> { return std::nullopt; },
       .key_hash = StableHash(request_.key.ToString())}));
  decision.reason = restriction.server.has_value() ? PickReason::kPinned : PickReason::kClaimed;
  decision.replaces_version = replaces_version;
  steps_.Add("The shared store does not answer: of ", all.size(), " origins, ", decision.origin->id,
             " is chosen by the stream's name, as on every proxy that has lost it.");
  return decision;
}

PlacementChoice::Restriction PlacementChoice::Restrict() const {
  Restriction restriction;
  restriction.server = inputs_.pinned_server();
  if (restriction.server.has_value()) {
    steps_.Add("It is pinned to server ", *restriction.server, ".");
    return restriction;
  }
  const auto& rules = inputs_.options.rules;
  const auto fits = std::find_if(rules.begin(), rules.end(), [&](const PlacementRule& rule) {
    return rule.Fits(request_.key);
  });
  if (fits != rules.end()) {
    restriction.rule = static_cast<size_t>(fits - rules.begin());
    steps_.Add("The placement rule '", fits->ToString(), "' fits it.");
  } else if (!rules.empty()) {
    steps_.Add("No placement rule fits it.");
  }
  return restriction;
}

bool PlacementChoice::Allows(const Restriction& restriction, uint32_t origin) const {
  if (restriction.server.has_value()) {
    return inputs_.origins.origins[origin]->registration.server == *restriction.server;
  }
  return !restriction.rule.has_value() || inputs_.candidates.Selects(*restriction.rule, origin);
}

std::span<const Candidate> PlacementChoice::Narrow(std::span<const Candidate> candidates,
                                                   std::string_view left_out,
                                                   const Restriction& restriction,
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
                 return origin.id != left_out && !IsLeft(inputs_, origin) &&
                        !TriedInVain(origin, request_);
               });
  return left;
}

const std::shared_ptr<const Origin>& PlacementChoice::Select(
    std::span<const Candidate> candidates) const {
  const auto& chosen = SelectByStrategy(candidates);
  if (!IsFull(*chosen)) return chosen;
  std::vector<Candidate> left;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(left),
               [&](const Candidate& candidate) {
                 return !candidate.limited || !IsFull(*OriginOf(candidate));
               });
  steps_.Add("Of these, ", candidates.size() - left.size(), " have reached their capacity.");
  return left.empty() ? chosen : SelectByStrategy(left);
}

const std::shared_ptr<const Origin>& PlacementChoice::SelectByStrategy(
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

const std::shared_ptr<const Origin>& PlacementChoice::OriginOf(const Candidate& candidate) const {
  return inputs_.origins.origins[candidate.index];
}

std::string PlacementChoice::DescribeDistance(Distance distance) const {
  if (inputs_.options.zone.empty()) return "";
  return absl::StrCat(distance == Distance::kNear ? " of zone " : " outside zone ",
                      inputs_.options.zone);
}

std::string PlacementChoice::DescribeExcluded(const Restriction& restriction) const {
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
    } else if (IsLeft(inputs_, origin)) {
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

std::string PlacementChoice::DescribeLack(std::string_view left_out,
                                          const Restriction& restriction) const {
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
    return absl::StrCat("the placement rule '", inputs_.options.rules[*restriction.rule].ToString(),
                        "' selects no origin that can serve ", key, why_not(none_here));
  }
  return absl::StrCat("no origin can serve ", key, why_not("there is no other"));
}

}  // namespace srsproxy
