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

#include <string>
#include <vector>

#include "dataplane/balance/placement_choice.h"

namespace srsproxy {

// `steps`, when not null, gets a sentence for each rule that was applied.
PlacementDecision DecidePlacement(const PlacementInputs& inputs,
                                  std::vector<std::string>* steps = nullptr);

}  // namespace srsproxy
