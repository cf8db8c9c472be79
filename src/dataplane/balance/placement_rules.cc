#include "dataplane/balance/placement_rules.h"

#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/balance/placement_choice.h"

namespace srsproxy {
namespace {

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
  Decider(const PlacementInputs& inputs, PlacementSteps steps)
      : inputs_(inputs), request_(inputs.request), steps_(steps) {}

  PlacementDecision Decide() const {
    if (inputs_.mapping.has_value()) return DecideMapped(*inputs_.mapping);
    steps_.Add("The stream has no mapping.");
    return PlaceAnew({}, 0);
  }

 private:
  PlacementDecision DecideMapped(const StreamMapping& mapping) const {
    steps_.Add("The stream is mapped to origin ", mapping.origin_id, " (", mapping.publishers,
               " publishers and ", mapping.viewers, " viewers of this proxy",
               mapping.publisher_live ? ", media flows" : "", ").");
    const auto origin = inputs_.origins.Resolve(mapping.origin_id);
    if (origin == nullptr) {
      steps_.Add("That origin's registration has ended: the stream is placed anew.");
      return PlaceAnew({}, mapping.version);
    }
    const bool superseded = origin->id != mapping.origin_id;
    if (superseded) {
      steps_.Add("That origin was superseded by ", origin->id, ": the stream follows it.");
    }

    PlacementDecision stay;
    stay.origin = origin;
    stay.reason = PickReason::kMapped;
    stay.replaces_version = superseded ? mapping.version : 0;
    stay.inherits = superseded;
    if (IsGoodFor(*origin, mapping, request_)) {
      steps_.Add("It is ", ToAbsl(ToName(origin->health)), " and listens for ",
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
        steps_.Add("It ", trouble, ", but holds the publisher: it is used.");
        return stay;
      }
      steps_.Add("It ", trouble, ", but holds the publisher: the stream is not moved.");
      return Refusal(steps_,
                     absl::StrCat("stream ", request_.key.ToString(), " is published on origin ",
                                  origin->id, ", which ", trouble));
    }
    steps_.Add("It ", trouble, " and its publisher is gone: the stream may be placed anew.");
    PlacementDecision other = PlaceAnew(origin->id, mapping.version);
    other.unless_live = true;  // It may have come alive meanwhile.
    const bool better = other.origin != nullptr &&
                        (origin->deregistered || TierOf(*other.origin) < TierOf(*origin));
    if (could_try && !better && !origin->deregistered) {
      steps_.Add("No other origin is better off: it is used.");
      return stay;
    }
    return other;
  }

  // On any origin but `left_out`.
  PlacementDecision PlaceAnew(std::string_view left_out, uint64_t replaces_version) const {
    if (inputs_.pinned_server().has_value())
      return PlacementChoice(inputs_, steps_).Choose(left_out, replaces_version);
    const auto sibling = inputs_.sibling();
    PlacementDecision decision;
    if (sibling.has_value()) decision.origin = OriginOfSibling(*sibling, left_out);
    if (decision.origin != nullptr) {
      decision.reason = PickReason::kMappedByVhost;
      decision.replaces_version = replaces_version;
    } else {
      decision = PlacementChoice(inputs_, steps_).Choose(left_out, replaces_version);
    }
    decision.other_vhost_origin = sibling.has_value() ? sibling->origin_id : std::string();
    return decision;
  }

  // Null: it is not to be used.
  std::shared_ptr<const Origin> OriginOfSibling(const StreamMapping& sibling,
                                                std::string_view left_out) const {
    if (!JoinsOtherVhost(request_.role, sibling)) return nullptr;
    auto origin = inputs_.origins.Resolve(sibling.origin_id);
    const bool usable = origin != nullptr && origin->id != left_out && !IsLeft(inputs_, *origin) &&
                        (IsGoodFor(*origin, sibling, request_) ||
                         (CanServe(*origin, request_) && sibling.publisher_live));
    steps_.Add("The same ", sibling.key.app, "/", sibling.key.stream, " of vhost ",
               sibling.key.vhost, " is mapped to origin ", sibling.origin_id,
               !usable                          ? ", which can not be used."
               : request_.role == Role::kViewer ? ": viewers are placed there."
                                                : ", where viewers wait: it is published there.");
    return usable ? origin : nullptr;
  }

  const PlacementInputs& inputs_;
  const PickRequest& request_;
  const PlacementSteps steps_;
};

}  // namespace

PlacementDecision DecidePlacement(const PlacementInputs& inputs, std::vector<std::string>* steps) {
  return Decider(inputs, PlacementSteps(steps)).Decide();
}

}  // namespace srsproxy
