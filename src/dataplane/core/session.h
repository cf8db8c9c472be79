// One client's use of one stream: how it is named, and how its end is logged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/log.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// Twelve letters and digits, random: unique among the sessions of a fleet for all practical ends.
std::string NewSessionId();

// Why a session ended: a closed list, for it is a metrics label.
enum class EndReason : uint8_t {
  kClosed,       // The side named closed in the ordinary way.
  kBadInput,     // It sent what the protocol does not allow.
  kRefused,      // It rejected: the publisher, the player, the password.
  kTimeout,      // It was silent, or did not read, for too long.
  kUnreachable,  // It could not be connected to, or the connection broke.
  kNoOrigin,     // No origin can serve the stream.
  kLimit,        // A limit of this proxy is reached.
  kShutdown,     // This proxy stops.
  kKicked,       // An operator, or a move of the stream, ended it.
  kInternal,     // A fault of this proxy.
  kLoop,         // The way led through this proxy before, or back to it: core/hops.h.
};
constexpr auto NamesOf(EndReason) {
  return EnumNames<EndReason>({{EndReason::kClosed, "closed"},
                               {EndReason::kBadInput, "bad_input"},
                               {EndReason::kRefused, "refused"},
                               {EndReason::kTimeout, "timeout"},
                               {EndReason::kUnreachable, "unreachable"},
                               {EndReason::kNoOrigin, "no_origin"},
                               {EndReason::kLimit, "limit"},
                               {EndReason::kShutdown, "shutdown"},
                               {EndReason::kKicked, "kicked"},
                               {EndReason::kInternal, "internal"},
                               {EndReason::kLoop, "loop"}});
}

// The reason that a session's final status means. OK: kClosed. A LoopFailure: kLoop. Else
//   INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED, DATA_LOSS: kBadInput
//   PERMISSION_DENIED, UNAUTHENTICATED, FAILED_PRECONDITION, NOT_FOUND, ALREADY_EXISTS: kRefused
//   DEADLINE_EXCEEDED: kTimeout         RESOURCE_EXHAUSTED: kLimit        CANCELLED: kShutdown
//   ABORTED: kKicked                    UNAVAILABLE: kNoOrigin when the proxy is at fault, else
//   kUnreachable                        everything else: kInternal
EndReason EndReasonOf(const absl::Status& status);

// Everything that is logged and counted of a session when it has ended.
struct SessionEnd {
  std::string id;
  Protocol protocol = Protocol::kRtmp;
  Role role = Role::kViewer;
  std::string stream;      // The stream key; empty when the session ended before naming one.
  std::string origin;      // The origin's `server`; empty when none was picked.
  std::string client;      // address:port
  uint64_t bytes_in = 0;   // From the client.
  uint64_t bytes_out = 0;  // To the client.
  absl::Duration duration;
  Side side = Side::kClient;  // Who ended it.
  EndReason reason = EndReason::kClosed;
  std::string message;  // What happened, in words; may be empty.
};

// One line, "session ended", at level info.
void LogSessionEnd(const Logger& logger, const SessionEnd& end);

}  // namespace srsproxy
