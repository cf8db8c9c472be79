#include "dataplane/core/balancer.h"

namespace srsproxy {

std::string_view PickReasonName(PickReason reason) {
  switch (reason) {
    case PickReason::kMapped:
      return "mapped";
    case PickReason::kMappedByVhost:
      return "mapped_by_vhost";
    case PickReason::kClaimed:
      return "claimed";
    case PickReason::kLostRace:
      return "lost_race";
    case PickReason::kPinned:
      return "pinned";
  }
  return "unknown";
}

}  // namespace srsproxy
