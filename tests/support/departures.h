// Remembers what an observer of streams is notified of as moves.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/core/stream_event.h"

namespace srsproxy {

// From where streams with viewers here came to another origin, as `a>b`: those are to follow.
class Departures final : public StreamObserver {
 public:
  void OnStreamEvent(const StreamEvent& event) override {
    if (event.former_origin_id.empty() || event.mapping.viewers == 0) return;
    const std::lock_guard lock(mutex_);
    seen_.push_back(absl::StrCat(event.former_origin_id, ">", event.mapping.origin_id));
  }
  bool Has(const std::string& departure) {
    const std::lock_guard lock(mutex_);
    return std::find(seen_.begin(), seen_.end(), departure) != seen_.end();
  }
  std::vector<std::string> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> seen_;
};

}  // namespace srsproxy
