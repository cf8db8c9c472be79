// What a change of a mapping comes to, as pure functions: one decision for the stores, which carry
// it out, and for whoever only foresees it.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/core/stream_claims.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

// What becomes of a mapping that a move is wanted for.
enum class MoveStep : uint8_t {
  kStays,           // It is there: a pending move is taken back.
  kMoves,           // Now.
  kJoinsPublisher,  // Now, and a pending move to elsewhere stays.
  kWaits,           // For the end of its publishers.
};

MoveStep StepOf(const MoveRequest& move, std::string_view origin_id, uint32_t publishers);

// ABORTED: `expected` is neither 0 nor `version`.
absl::Status CheckVersion(const StreamKey& key, uint64_t version, uint64_t expected);

// What StreamClaims::Move answers of `mapping`, which is all that there is, when nothing is to
// change. The mapping's version stays.
absl::StatusOr<MoveOutcome> ForeseeMove(StreamMapping mapping, const MoveRequest& move);

// How many sessions a move ends that came to `outcome`: the viewers of a stream that has moved, all
// of one whose deadline has passed; none while there is time.
uint32_t SessionsToEnd(const MoveOutcome& outcome, absl::Time now);

// ABORTED: it is at another version. FAILED_PRECONDITION: sessions use it, and nothing forces it.
absl::Status CheckRelease(const StreamMapping& mapping, const ReleaseRequest& release);

}  // namespace srsproxy
