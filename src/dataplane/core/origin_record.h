// Registrations as they are kept, and what becomes of them: what an OriginStore is given, and what
// proxies that share one learn of each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/origin.h"

namespace srsproxy {

struct OriginRecord {
  OriginRegistration registration;
  uint64_t generation = 1;
  // Of the lease ids that are known for it, latest first: a lease id is a secret, and nobody who
  // reads the store is to have it. Empty: it is leaving, or registered where no leases are given.
  std::vector<std::string> lease_digests;
  std::string source;  // Who registered it, for the log.
  absl::Time registered_at;
  // As of RecordSilent. Absent: it holds its lease.
  std::optional<absl::Time> silent_since = {};
  // It was deregistered, and is kept for the sessions that are live on it.
  bool leaving = false;

  friend bool operator==(const OriginRecord&, const OriginRecord&) = default;
};

// How a registration ended.
struct OriginEnd {
  bool at_once = false;        // Also where sessions are live on it: they are ended, too.
  std::string successor = {};  // The id of the origin that has superseded it; empty: none has.
};

// A sign of life of an origin.
struct OriginBeat {
  std::string origin_id;
  bool registered = false;  // It registered, first or again; else it sent a heartbeat.
  LoadReport load = {};     // Of a heartbeat.
};

}  // namespace srsproxy
