#include "dataplane/core/stream_directory.h"

namespace srsproxy {

std::string_view MoveCauseName(MoveCause cause) {
  switch (cause) {
    case MoveCause::kOperator:
      return "operator";
    case MoveCause::kDrain:
      return "drain";
    case MoveCause::kRebalance:
      return "rebalance";
    case MoveCause::kSuperseded:
      return "superseded";
    case MoveCause::kUnusable:
      return "unusable";
    case MoveCause::kPublisher:
      return "publisher";
  }
  return "unknown";
}

bool JoinsOtherVhost(Role role, const StreamMapping& other) {
  return role == Role::kViewer || (other.viewers > 0 && other.publishers == 0);
}

std::string_view StoreStateName(StoreState state) {
  switch (state) {
    case StoreState::kSynced:
      return "synced";
    case StoreState::kNeverSynced:
      return "never synced";
    case StoreState::kUnverified:
      return "unverified";
    case StoreState::kGone:
      return "gone";
  }
  return "unknown";
}

}  // namespace srsproxy
