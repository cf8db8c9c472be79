// Deadlines as gRPC takes them, by the monotonic clock: whoever sets the machine's time cuts no
// call short, and none goes on for longer.
#pragma once

#include <absl/time/time.h>
#include <grpc/support/time.h>

namespace srsproxy::control {

// In `left` from now. What is longer than gRPC can express is the longest that it can.
inline gpr_timespec GrpcDeadline(absl::Duration left) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(left), GPR_TIMESPAN));
}

}  // namespace srsproxy::control
