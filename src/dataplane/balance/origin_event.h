// OriginEvent and OriginConflict: what the registry reports of its origins.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/origin.h"

namespace srsproxy {

// Registrations that do not go together: live origins of one `server` at different addresses (a
// copied image, or one that has just moved), or several sources that take each other's place.
struct OriginConflict {
  std::string server;                   // Of a contest: of the one that has the place now.
  std::vector<std::string> origin_ids;  // Sorted. One when it is an id that is contested.
  std::string message;                  // What is wrong, and what to do.
  uint64_t takeovers = 0;  // Of a contest: how often the place has changed hands. Else 0.
};

struct OriginEvent {
  enum class Kind : uint8_t {
    kJoined,    // First registration of this id.
    kChanged,   // Anything but its load and heartbeat times changed.
    kLeft,      // It is in no snapshot any more; for `reason`.
    kConflict,  // As OriginConflict; it takes part in one.
  };
  Kind kind = Kind::kJoined;
  std::shared_ptr<const Origin> origin;  // After the change; for kLeft as it was last.
  std::string reason;     // In words: "registered", "no heartbeat for 5m", "superseded by ...".
  bool repeated = false;  // kConflict: the same was reported within the last minute.
};

}  // namespace srsproxy
