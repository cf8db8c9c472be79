// Where a watch goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy::control {

// After an event of one proxy's log (EventLog).
struct WatchPosition {
  std::string proxy_id;
  uint64_t epoch = 0;
  uint64_t sequence = 0;

  friend bool operator==(const WatchPosition&, const WatchPosition&) = default;
};

// URL-safe text, opaque to clients.
std::string MakeWatchToken(const WatchPosition& position);

// INVALID_ARGUMENT with INVALID_WATCH_TOKEN: MakeWatchToken did not make it.
absl::StatusOr<WatchPosition> ParseWatchToken(std::string_view token);

}  // namespace srsproxy::control
