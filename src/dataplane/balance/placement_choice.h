// PlacementChoice: the origin for a stream that is placed anew, by itself: among those that its
// pin, or the first rule that fits it, allows, of the best tier that has any, by the strategy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>
#include <absl/strings/str_cat.h>

#include "dataplane/balance/candidates.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

struct PlacementInputs {
  const PickRequest& request;
  const OriginSnapshot& origins;
  const CandidateTable& candidates;  // Of `origins` and `options`.
  const PlacementOptions& options;
  std::optional<StreamMapping> mapping;  // Of the request's key.
  // The mapping of the same app/stream in another vhost (StreamDirectory::FindInOtherVhost), and
  // the server that the request's key is pinned to. Called only where they matter.
  absl::FunctionRef<std::optional<StreamMapping>()> sibling;
  absl::FunctionRef<std::optional<std::string>()> pinned_server;
  std::string_view leaving;  // Origins of this server are left out; empty: of none.
  // The store that proxies share cannot be asked: the choice is to be the same on all of them.
  bool store_gone = false;
  std::array<double, 2> random{};  // Each from [0, 1).
};

// Whether `origin` listens for the request's protocol and was not tried in vain.
bool CanServe(const Origin& origin, const PickRequest& request);
// The two halves of it.
bool Listens(const Origin& origin, const PickRequest& request);
bool TriedInVain(const Origin& origin, const PickRequest& request);
// Whether `origin` is of the server that is left out.
bool IsLeft(const PlacementInputs& inputs, const Origin& origin);

// What to claim.
struct PlacementDecision {
  std::shared_ptr<const Origin> origin;  // Null: nothing can serve, for `refusal`.
  PickReason reason = PickReason::kClaimed;
  uint64_t replaces_version = 0;                  // As in ClaimRequest.
  bool inherits = false;                          // As in ClaimRequest.
  std::optional<std::string> other_vhost_origin;  // As in ClaimRequest.
  bool unless_live = false;                       // As in ClaimRequest.
  absl::Status refusal;                           // UNAVAILABLE
};

// Sentences that explain a decision, when anybody wants them.
class PlacementSteps {
 public:
  // `steps` may be null, and outlives this.
  explicit PlacementSteps(std::vector<std::string>* steps) : steps_(steps) {}

  bool wanted() const { return steps_ != nullptr; }

  template <typename... Parts>
  void Add(const Parts&... parts) const {
    if (steps_ != nullptr) steps_->push_back(absl::StrCat(parts...));
  }

 private:
  std::vector<std::string>* steps_;
};

// Nothing can serve, for the reason `message`.
PlacementDecision Refusal(const PlacementSteps& steps, std::string_view message);

// For one decision; `inputs` outlives it.
class PlacementChoice {
 public:
  PlacementChoice(const PlacementInputs& inputs, PlacementSteps steps)
      : inputs_(inputs), request_(inputs.request), steps_(steps) {}

  // Among all origins but `left_out`.
  PlacementDecision Choose(std::string_view left_out, uint64_t replaces_version) const;

 private:
  // What narrows the choice for this stream.
  struct Restriction {
    std::optional<std::string> server;  // It is pinned to this one.
    std::optional<size_t> rule;         // This one fits it.
  };

  // By the stream's name alone, among all that the restriction allows: what any proxy of the fleet
  // chooses that has last seen the same origins.
  PlacementDecision ChooseByName(std::string_view left_out, const Restriction& restriction,
                                 uint64_t replaces_version) const;
  Restriction Restrict() const;
  bool Allows(const Restriction& restriction, uint32_t origin) const;
  // Those of `candidates` that may be chosen, in `left` where they are not all.
  std::span<const Candidate> Narrow(std::span<const Candidate> candidates,
                                    std::string_view left_out, const Restriction& restriction,
                                    std::vector<Candidate>& left) const;
  // By the strategy; a full one only where all are.
  const std::shared_ptr<const Origin>& Select(std::span<const Candidate> candidates) const;
  const std::shared_ptr<const Origin>& SelectByStrategy(
      std::span<const Candidate> candidates) const;
  const std::shared_ptr<const Origin>& OriginOf(const Candidate& candidate) const;

  std::string DescribeDistance(Distance distance) const;
  // Why origins that the restriction allows are no candidates, with how many each.
  std::string DescribeExcluded(const Restriction& restriction) const;
  std::string DescribeLack(std::string_view left_out, const Restriction& restriction) const;

  const PlacementInputs& inputs_;
  const PickRequest& request_;
  const PlacementSteps steps_;
};

}  // namespace srsproxy
