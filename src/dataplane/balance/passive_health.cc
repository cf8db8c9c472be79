#include "dataplane/balance/passive_health.h"

#include <algorithm>

namespace srsproxy {

void PassiveHealth::Report(ConnectOutcome outcome, int down_after) {
  if (outcome == ConnectOutcome::kOk) {
    failures_ = 0;
    down_ = false;
    return;
  }
  failures_ = std::min(failures_ + 1, down_after);
  const bool at_once = outcome == ConnectOutcome::kRefused || outcome == ConnectOutcome::kForbidden;
  if (at_once || failures_ >= down_after) down_ = true;
}

std::string_view PassiveHealth::ReasonOf(ConnectOutcome outcome) {
  switch (outcome) {
    case ConnectOutcome::kOk:
      return "connected again";
    case ConnectOutcome::kRefused:
      return "refused a connection";
    case ConnectOutcome::kForbidden:
      return "is at an address that is not connected to";
    case ConnectOutcome::kTimedOut:
    case ConnectOutcome::kFailed:
      break;
  }
  return "connections failed one after another";
}

bool PassiveHealth::TakeProbe(MonotonicTime now, absl::Duration interval) {
  if (!down_ || now < next_probe_) return false;
  next_probe_ = now + absl::ToChronoNanoseconds(interval);
  return true;
}

}  // namespace srsproxy
