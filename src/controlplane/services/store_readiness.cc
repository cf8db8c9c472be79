#include "controlplane/services/store_readiness.h"

#include <string>

namespace srsproxy::control {
namespace {

constexpr char kStore[] = "store";

}  // namespace

void ReportStoreState(StoreState state, std::string_view unusable, Readiness& readiness) {
  if (!unusable.empty()) {
    readiness.Block(kStore, "the shared store cannot be used: " + std::string(unusable));
    readiness.Restore(kStore);
    return;
  }
  switch (state) {
    case StoreState::kNeverSynced:
      readiness.Block(kStore,
                      "this proxy does not know yet where streams are: it waits until it has read "
                      "that from the shared store");
      readiness.Restore(kStore);
      return;
    case StoreState::kUnverified:
      readiness.Degrade(kStore,
                        "what is known of streams is being checked: the shared store was away or "
                        "has changed meanwhile");
      break;
    case StoreState::kGone:
      readiness.Degrade(kStore,
                        "the shared store does not answer: streams are served as they were known "
                        "last, and what operators decide is refused");
      break;
    case StoreState::kSynced:
      readiness.Restore(kStore);
      break;
  }
  readiness.Unblock(kStore);
}

}  // namespace srsproxy::control
