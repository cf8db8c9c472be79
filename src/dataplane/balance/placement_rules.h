// Where a stream belongs, as a pure function of what is known.
//
// A mapping that stands decides; on an origin whose lease has ended it stands while the stream is
// live there. A stream that is placed anew goes to an ACTIVE origin that is not deregistered and
// listens for the protocol: of the server that it is pinned to; else to where the same app/stream
// of another vhost is, a publisher only when viewers wait for it there; else that the first
// placement rule that fits the stream selects; else any. Among these, the first of the following
// that holds one gives the candidates, and the strategy chooses: HEALTHY of the proxy's zone,
// HEALTHY elsewhere, SUSPECT of the zone, SUSPECT elsewhere, DOWN of the zone, DOWN elsewhere, and
// at last those that silence has cost their lease, in the same order. An origin whose connections
// have reached its capacity is chosen only where all candidates are full.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/function_ref.h>

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
  // the server that the request's key is pinned to. Asked only where they matter.
  absl::FunctionRef<std::optional<StreamMapping>()> sibling;
  absl::FunctionRef<std::optional<std::string>()> pinned_server;
  std::string_view leaving;        // Origins of this server are left out; empty: of none.
  std::array<double, 2> random{};  // Each from [0, 1).
};

// Whether `origin` listens for the request's protocol and was not tried in vain.
bool CanServe(const Origin& origin, const PickRequest& request);

// What to claim.
struct PlacementDecision {
  std::shared_ptr<const Origin> origin;  // Null: nothing can serve; `refusal` says why.
  PickReason reason = PickReason::kClaimed;
  uint64_t replaces_version = 0;                  // As in ClaimRequest.
  bool inherits = false;                          // As in ClaimRequest.
  std::optional<std::string> other_vhost_origin;  // As in ClaimRequest.
  bool unless_live = false;                       // As in ClaimRequest.
  absl::Status refusal;                           // UNAVAILABLE
};

// `steps`, when not null, gets a sentence for each rule that was applied.
PlacementDecision DecidePlacement(const PlacementInputs& inputs,
                                  std::vector<std::string>* steps = nullptr);

}  // namespace srsproxy
