// What operators end by hand: sessions that fit a filter, and those of origins that have left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/session_control.h"
#include "dataplane/core/status.h"

namespace srsproxy {

struct KickRequest {
  SessionFilter filter;  // Sessions that it names by id have to be there, each of them.
  size_t limit = 0;      // At most how many are ended.
  absl::Status why;      // What the sessions end with.
  bool validate_only = false;
};

struct KickOutcome {
  std::vector<SessionInfo> sessions;  // Those that were ended, or would be.
  bool more = false;                  // More than these may fit the filter.
};

// Where a NOT_FOUND of KickSessions has the id of the session.
inline constexpr char kSessionPayload[] = "srsproxy/session";

// Both call `done` once, on any thread; `sessions` outlives that.

// NOT_FOUND: a session that the filter names is not connected here; none is ended.
void KickSessions(SessionControl& sessions, KickRequest request,
                  absl::AnyInvocable<void(absl::StatusOr<KickOutcome>)> done);

// Ends the sessions on these origins, one origin after another; `done` gets how many they were.
// Viewers of HLS stay: their next request goes elsewhere by itself.
void KickSessionsOn(SessionControl& sessions, std::vector<std::string> origin_ids, absl::Status why,
                    absl::AnyInvocable<void(int64_t)> done);

}  // namespace srsproxy
