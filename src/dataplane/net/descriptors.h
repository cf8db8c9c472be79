// How many files and sockets this process may open, and how many sessions that makes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/core/status.h"

namespace srsproxy {

// Raises the soft limit of open descriptors to the hard one, and returns it.
uint64_t RaiseDescriptorLimit();

// The sessions that fit: each needs two descriptors, and 256 are kept for everything else. `wanted`
// is PROXY_MAX_SESSIONS, 0 for as many as fit.
uint64_t SessionLimitFor(uint64_t descriptors, uint64_t wanted);

// RESOURCE_EXHAUSTED, the proxy at fault: `count` more cannot be opened now.
absl::Status CheckDescriptorsLeft(size_t count);

}  // namespace srsproxy
