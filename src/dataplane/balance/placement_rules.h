// Where a stream belongs, as a pure function of what is known. DESIGN "Pick".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/balance/candidates.h"
#include "dataplane/balance/selection.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

struct PlacementInputs {
  const PickRequest& request;
  const OriginSnapshot& origins;
  const CandidateTable& candidates;      // Of `origins`.
  std::optional<StreamMapping> mapping;  // Of the request's key.
  std::optional<StreamMapping> sibling;  // Of the same app/stream in exactly one other vhost.
  Selector selector = SelectRandom;
  double random = 0;  // From [0, 1).
};

// Whether `origin` listens for the request's protocol and was not tried in vain.
bool CanServe(const Origin& origin, const PickRequest& request);

// What to claim.
struct PlacementDecision {
  std::shared_ptr<const Origin> origin;  // Null: nothing can serve; `refusal` says why.
  PickReason reason = PickReason::kClaimed;
  uint64_t replaces_version = 0;  // As in ClaimRequest.
  bool follows = false;           // As in ClaimRequest.
  absl::Status refusal;           // UNAVAILABLE
};

// `steps`, when not null, gets a sentence for each rule that was applied.
PlacementDecision DecidePlacement(const PlacementInputs& inputs,
                                  std::vector<std::string>* steps = nullptr);

}  // namespace srsproxy
