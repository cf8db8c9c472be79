#include "dataplane/balance/lease_end.h"

#include <absl/strings/str_cat.h>

namespace srsproxy {

LeaseEnd::Outcome LeaseEnd::OutcomeAt(MonotonicTime now, bool in_use,
                                      absl::Duration keep_dead) const {
  if (in_use) return Outcome::kLeaving;
  if (cause_ == Cause::kDeregistered) return Outcome::kForgotten;
  return now - since_ < absl::ToChronoNanoseconds(keep_dead) ? Outcome::kDead : Outcome::kForgotten;
}

std::string LeaseEnd::Describe(absl::Duration ttl, absl::Duration keep_dead) const {
  if (cause_ == Cause::kDeregistered) return "deregistered, and its last live session has ended";
  return absl::StrCat("no heartbeat for ", absl::FormatDuration(ttl + keep_dead));
}

}  // namespace srsproxy
