// An SRS origin as this proxy knows it. Values only; balance/origin_registry makes and changes
// them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/core/enum_names.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// What an origin registers with.
struct OriginRegistration {
  std::string ip;  // An address or a host name.
  std::string device_id;
  std::string server;  // SRS's own id, kept in a file beside its pid file.
  std::string service;
  std::string pid;
  std::vector<Endpoint> rtmp;
  std::vector<Endpoint> http;
  std::vector<Endpoint> api;
  std::vector<Endpoint> srt;
  std::vector<Endpoint> rtc;
  double weight = 1.0;  // Share of new streams, > 0.
  std::string zone;
  std::map<std::string, std::string> labels;
  int64_t capacity = 0;                              // Sessions it can hold; 0: unknown.
  std::optional<absl::Duration> heartbeat_interval;  // As registered; else observed.

  std::string Id() const { return server + "-" + service + "-" + pid; }
  const std::vector<Endpoint>& EndpointsFor(Protocol protocol) const;

  friend bool operator==(const OriginRegistration&, const OriginRegistration&) = default;
};

// InvalidField for a registration that nothing could be placed
// on: an empty ip, server, service, pid or rtmp; an ip that is neither an address nor a host name;
// a port of 0; text that is too long, not UTF-8 or has control characters; a weight that is not
// above 0, or above 1,000,000.
absl::Status ValidateRegistration(const OriginRegistration& registration);

// Where to dial `endpoint`: its host is replaced by the registration's ip when it is empty, a
// wildcard or loopback.
Endpoint DialEndpoint(const OriginRegistration& registration, const Endpoint& endpoint);

// How busy an origin reports to be. Absent: not reported.
struct LoadReport {
  std::optional<double> cpu_ratio;     // 0 to 1
  std::optional<double> memory_ratio;  // 0 to 1
  std::optional<int64_t> connections;
  std::optional<int64_t> streams;
  std::optional<int64_t> bits_per_second;
};

enum class OriginHealth : uint8_t {
  kHealthy,
  kSuspect,  // Its heartbeats are late.
  kDead,     // Its lease has ended; kept as the last resort.
  kLeaving,  // Its lease has ended, and sessions are live on it: it keeps their streams.
};
enum class AdminState : uint8_t { kActive, kCordoned, kDraining };

constexpr auto NamesOf(OriginHealth) {
  return EnumNames<OriginHealth>({{OriginHealth::kHealthy, "healthy"},
                                  {OriginHealth::kSuspect, "suspect"},
                                  {OriginHealth::kDead, "dead"},
                                  {OriginHealth::kLeaving, "leaving"}});
}
constexpr auto NamesOf(AdminState) {
  return EnumNames<AdminState>({{AdminState::kActive, "active"},
                                {AdminState::kCordoned, "cordoned"},
                                {AdminState::kDraining, "draining"}});
}

// The time in which a server is emptied.
struct OriginDrain {
  absl::Time started_at;
  absl::Time deadline = absl::InfiniteFuture();  // When publishers that are still live are ended.

  friend bool operator==(const OriginDrain&, const OriginDrain&) = default;
};

// What an operator decided for every origin of one `server`. An absent value leaves the
// registration's own in force.
struct OriginOverrides {
  std::optional<AdminState> admin_state;
  std::optional<double> weight;
  std::optional<std::string> zone;
  std::optional<std::map<std::string, std::string>> labels;  // In place of all of them.
  std::optional<int64_t> capacity;
  std::optional<OriginDrain> drain;  // Exactly while admin_state is kDraining.

  friend bool operator==(const OriginOverrides&, const OriginOverrides&) = default;
};

// InvalidField, under the rules of ValidateRegistration.
absl::Status ValidateOverrides(const OriginOverrides& overrides);
// The same for a `server` that an operator wrote.
absl::Status ValidateServer(std::string_view server);

// One origin at one moment. Immutable once published in a snapshot.
struct Origin {
  std::string id;           // {server}-{service}-{pid}
  std::string source;       // Who registered it: a client address, for people.
  uint64_t generation = 1;  // Grows when a registration supersedes an older one.
  OriginRegistration registration;
  OriginHealth health = OriginHealth::kHealthy;
  AdminState admin_state = AdminState::kActive;
  bool down = false;       // This proxy's own opinion: its connections failed.
  bool permanent = false;  // The default backend: kept alive without heartbeats.
  // It, or an operator, ended its registration: it is kLeaving, and not even the last resort.
  bool deregistered = false;
  // Remembered from before this proxy's start, and its first heartbeat may still be on its way: no
  // worse a choice than one whose heartbeat came first.
  bool expected = false;
  OriginOverrides overrides;  // What an operator decided for its server.
  // After the overrides.
  double weight = 1.0;
  std::string zone;
  std::map<std::string, std::string> labels;
  int64_t capacity = 0;  // Sessions it can hold; 0: unknown.
  LoadReport load;
  absl::Time registered_at;
  absl::Time heartbeat_at;  // InfinitePast: only remembered.
  MonotonicTime last_seen;
};

// Whether its registration is in force.
inline bool HoldsLease(const Origin& origin) {
  return origin.health == OriginHealth::kHealthy || origin.health == OriginHealth::kSuspect;
}

struct OriginSuccessor {
  std::string id;
  // It has no address in common with the former one, which may still be there and keep whoever is
  // connected to it.
  bool elsewhere = false;
};
// By former origin id.
using OriginSuccessors = absl::flat_hash_map<std::string, OriginSuccessor>;

// Every origin at one moment, sorted by id. Shared between threads without locks.
struct OriginSnapshot {
  uint64_t version = 0;
  uint64_t shape_version = 0;  // Stays when only heartbeats and load have changed.
  std::vector<std::shared_ptr<const Origin>> origins;
  std::shared_ptr<const OriginSuccessors> successors;

  // nullptr when there is none.
  std::shared_ptr<const Origin> Find(std::string_view id) const;

  // The origin itself, else the one that superseded it, else, of one that this proxy has never
  // known or knows no more, what its server is now; nullptr when all are gone.
  std::shared_ptr<const Origin> Resolve(std::string_view id) const;

  // As Resolve, but who was connected to the one with this id is connected to what is returned:
  // nullptr when the one that superseded it is elsewhere, or may be.
  std::shared_ptr<const Origin> ResolveConnected(std::string_view id) const;
};

}  // namespace srsproxy
