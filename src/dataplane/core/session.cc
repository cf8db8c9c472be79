#include "dataplane/core/session.h"

#include <cmath>
#include <random>

#include "dataplane/core/hops.h"

namespace srsproxy {

std::string NewSessionId() {
  constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
  static_assert(kLetters.size() == 32);
  std::random_device source;
  std::string id;
  for (int half = 0; half < 2; ++half) {
    uint32_t bits = source();
    for (int letter = 0; letter < 6; ++letter, bits >>= 5) id.push_back(kLetters[bits & 31]);
  }
  return id;
}

EndReason EndReasonOf(const absl::Status& status) {
  if (IsLoop(status)) return EndReason::kLoop;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return EndReason::kClosed;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kDataLoss:
      return EndReason::kBadInput;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      return EndReason::kRefused;
    case absl::StatusCode::kDeadlineExceeded:
      return EndReason::kTimeout;
    case absl::StatusCode::kResourceExhausted:
      return EndReason::kLimit;
    case absl::StatusCode::kCancelled:
      return EndReason::kShutdown;
    case absl::StatusCode::kAborted:
      return EndReason::kKicked;
    case absl::StatusCode::kUnavailable:
      return SideOf(status) == Side::kProxy ? EndReason::kNoOrigin : EndReason::kUnreachable;
    default:
      return EndReason::kInternal;
  }
}

void LogSessionEnd(const Logger& logger, const SessionEnd& end) {
  const double seconds = std::round(absl::ToDoubleSeconds(end.duration) * 1000) / 1000;
  logger.Info("session ended", {{"id", end.id},
                                {"protocol", ToName(end.protocol)},
                                {"role", ToName(end.role)},
                                {"stream", end.stream},
                                {"origin", end.origin},
                                {"client", end.client},
                                {"bytes_in", end.bytes_in},
                                {"bytes_out", end.bytes_out},
                                {"duration_seconds", seconds},
                                {"side", ToName(end.side)},
                                {"reason", ToName(end.reason)},
                                {"detail", end.message}});
}

}  // namespace srsproxy
