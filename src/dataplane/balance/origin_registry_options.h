// OriginRegistryOptions: the terms by which origins are registered, kept and forgotten.
#pragma once

#include <cstddef>

#include <absl/time/time.h>

namespace srsproxy {

struct OriginRegistryOptions {
  absl::Duration ttl = absl::Seconds(300);                // PROXY_ORIGIN_SERVER_TTL
  absl::Duration heartbeat_interval = absl::Seconds(10);  // Assumed until known or observed.
  absl::Duration min_suspect_after = absl::Seconds(30);
  absl::Duration probe_interval = absl::Seconds(3);    // Between probes of one DOWN origin.
  int down_after_failures = 3;                         // Consecutive; a refusal counts at once.
  absl::Duration start_settle = absl::ZeroDuration();  // PROXY_START_SETTLE
  size_t max_origins = 10'000;
  size_t max_superseded = 4'096;  // Former ids that streams can still be followed from.
  // How long, and how many, origins whose lease has ended stay as the last resort.
  absl::Duration keep_dead = absl::Hours(24);
  size_t max_dead = 1'000;
  // How old the load and heartbeat times of snapshot() may be.
  absl::Duration max_snapshot_age = absl::Milliseconds(100);
};

}  // namespace srsproxy
