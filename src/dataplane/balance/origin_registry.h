// OriginRegistry: the origins of this proxy under one lock. Each question that it answers has a
// file of its own: who exists (origin_table), who was there before the start (remembered_origins),
// who takes whose place (origin_succession), what other proxies do with them (shared_origins),
// leases (origin_leases, lease_expiry), what operators decided (operator_overrides), how
// connections went (passive_health), what does not go together (origin_conflicts), and who is shown
// (origin_snapshots).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include "dataplane/balance/default_backends.h"
#include "dataplane/balance/lease_expiry.h"
#include "dataplane/balance/operator_overrides.h"
#include "dataplane/balance/origin_conflicts.h"
#include "dataplane/balance/origin_event.h"
#include "dataplane/balance/origin_registrar.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_snapshots.h"
#include "dataplane/balance/origin_succession.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/balance/remembered_origins.h"
#include "dataplane/balance/shared_origins.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// A sign of life.
struct OriginHeartbeat {
  LoadReport load;
  uint64_t sequence = 0;  // Grows with each heartbeat since the registration; 0: not counted.
};

struct HeartbeatReply {
  std::string origin_id;
  uint64_t generation = 1;
  absl::Duration heartbeat_interval;
  absl::Duration ttl;
  AdminState admin_state = AdminState::kActive;
  bool ignored = false;  // Its sequence was not above the last one: it changed nothing.
};

struct OriginDeparture {
  std::string origin_id;
  bool live = false;     // Its heartbeats go on, so its next heartbeat may bring it back.
  bool leaving = false;  // Sessions are live on it: it stays until they end.
  std::vector<std::string> former_ids;  // Of what it superseded; sessions may still have them.
};

// What becomes of the sessions that are live on an origin when it is deregistered.
enum class LiveSessions : uint8_t {
  kStay,       // The origin is kLeaving until the last has ended.
  kAreKicked,  // By the caller, next: the origin is gone at once.
};

// Totals since the start, for metrics.
struct OriginRegistryStats {
  uint64_t registrations = 0;
  uint64_t heartbeats = 0;
  uint64_t lease_expirations = 0;  // Leases that silence ended.
  uint64_t superseded = 0;
  uint64_t conflicts = 0;          // Times that there came to be one, or a contest went on.
  bool self_preservation = false;  // Now: silence ends no lease.
};

// Thread-safe. Time enters by the clock; deadlines are acted on in Tick only.
class OriginRegistry final : private OriginStoreObserver {
 public:
  // Takes over the records of `store`: such an origin can be used at once, and is SUSPECT until it
  // sends a heartbeat; its silence counts from now. One that had lost its lease is DEAD since then.
  // `clock`, `store` and `fleet` outlive the registry. `fleet` is null: this proxy is alone.
  OriginRegistry(const Clock& clock, OriginStore& store, OriginRegistryOptions options = {},
                 const FleetBus* fleet = nullptr);
  OriginRegistry(const OriginRegistry&) = delete;
  OriginRegistry& operator=(const OriginRegistry&) = delete;

  // Registers, or renews what is registered already under the same id and addresses; the caller has
  // put it through ValidateRegistration. `source`: the caller, a client's address without its
  // port. A renewal by the same source keeps its lease; any other ends the former one.
  // RESOURCE_EXHAUSTED: max_origins. PERMISSION_DENIED: it would take the place of an origin of
  // another `server`, by its address or by an id that reads the same, and `may_replace` forbids
  // that. ALREADY_EXISTS: an origin of another `server` with an id that reads the same is live.
  using MayReplace = OriginRegistrar::MayReplace;
  absl::StatusOr<OriginLease> Register(
      OriginRegistration registration, std::string_view source,
      MayReplace may_replace = [](std::string_view) { return true; });

  // An origin that needs no heartbeat (PROXY_DEFAULT_BACKEND_*). It gives way to a registration at
  // its address and comes back when that one leaves.
  absl::Status RegisterPermanent(OriginRegistration registration);

  // Renews a lease, also one that silence has ended, as long as the origin is known. NOT_FOUND:
  // there is no such lease (any more); the origin has to register again.
  absl::StatusOr<HeartbeatReply> Heartbeat(std::string_view lease_id,
                                           const OriginHeartbeat& heartbeat);

  // By the origin itself. NOT_FOUND: no such lease.
  absl::StatusOr<OriginDeparture> DeregisterLease(std::string_view lease_id,
                                                  LiveSessions live = LiveSessions::kStay);
  // By an operator. NOT_FOUND: no such origin. FAILED_PRECONDITION: it is permanent.
  absl::StatusOr<OriginDeparture> DeregisterOrigin(std::string_view origin_id,
                                                   LiveSessions live = LiveSessions::kStay);

  // Who uses the origins; sessions register here.
  OriginTraffic& traffic() { return traffic_; }

  // Ends every registration that `check` is not OK with, for the reason that it gives; permanent
  // ones stay. `check` must not call the registry.
  void Evict(absl::FunctionRef<absl::Status(const OriginRegistration&)> check);

  // What operators decided, and decide.
  OperatorOverrides& overrides() { return overrides_; }
  const OperatorOverrides& overrides() const { return overrides_; }

  // PROXY_ORIGIN_SERVER_TTL: also of leases that were given before.
  void SetTtl(absl::Duration ttl) {
    store_.SetTtl(ttl);
    const std::lock_guard lock(mutex_);
    options_.ttl = ttl;
  }

  // The origins as of now, but for load and heartbeat times, which lag behind by at most
  // max_snapshot_age or until the next Tick. Never null; cheap enough for every pick.
  std::shared_ptr<const OriginSnapshot> snapshot() const { return snapshots_.Current(); }
  // An origin, and a session's use of it: both, or neither.
  struct OriginUse {
    std::shared_ptr<const Origin> origin;
    std::unique_ptr<OriginTraffic::Use> use;
  };
  // Begins to use the origin with this id, or the one that has superseded it, as of now: between
  // two changes of origins, where snapshot() and traffic() may be on both sides of one.
  OriginUse BeginUse(std::string_view origin_id, Role role);
  // With every heartbeat that has been answered. Costs a copy of the list of origins.
  std::shared_ptr<const OriginSnapshot> CurrentSnapshot();

  // The interval of an origin that registers none of its own.
  absl::Duration default_interval() const;
  absl::Duration ttl() const {
    const std::lock_guard lock(mutex_);
    return options_.ttl;
  }

  // Those that go on, sorted by server.
  std::vector<OriginConflict> Conflicts() const;

  OriginRegistryStats stats() const;

  // How a connection went: the source of DOWN. Unknown ids are ignored.
  void ReportConnect(std::string_view origin_id, ConnectOutcome outcome);

  // As StartSettle, which began with the registry. PlaceFrom: nullopt: there is no origin.
  std::optional<MonotonicTime> PlaceFrom() const;
  MonotonicTime ReadyFrom() const;
  // What a client that comes now with a new stream waits for; nullopt: for nothing.
  std::optional<StartWait> WaitNow() const;

  // DOWN origins whose next probe is due; each is returned once for each probe_interval. The
  // caller connects and answers by ReportConnect.
  std::vector<std::shared_ptr<const Origin>> TakeDueProbes();

  // Acts on what time has brought: health, expired leases, moved servers. Call it about once a
  // second.
  void Tick();

  // `callback` runs on the thread that made the change, one event at a time and in order, after
  // snapshot() shows it. It must not block, nor call the registry except snapshot(), nor destroy a
  // Subscription.
  using EventCallback = OriginSnapshots::EventCallback;
  Subscription Subscribe(EventCallback callback);

  // Calls `done` once, as soon as an origin is known: inline when one is, else under the rules of
  // Subscribe.
  Subscription AwaitFirstOrigin(absl::AnyInvocable<void()> done);

 private:
  void OnDecision(const std::string& server, const OriginOverrides& overrides);
  void OnRecordsPut(std::span<const OriginRecord> records, bool alive) override;
  void OnRecordRemoved(std::string_view origin_id, const OriginEnd& end) override;
  void OnBeats(std::span<const OriginBeat> beats) override;
  void OnOriginsInUse(std::span<const std::string> origin_ids) override;

  // With mutex_ held.
  OriginDeparture Deregister(OriginTable::Entries::iterator at, LiveSessions live,
                             std::string_view by);
  void Publish();

  const Clock& clock_;
  OriginStore& store_;
  OperatorOverrides overrides_;
  mutable OriginTraffic traffic_;

  mutable std::mutex mutex_;  // Guards all below but snapshots_.Current().
  OriginRegistryOptions options_;
  OriginSnapshots snapshots_;
  OriginTable table_;
  OriginSuccession succession_;
  OriginConflicts conflicts_;
  LeaseExpiry expiry_;
  StartSettle start_settle_;
  RememberedOrigins remembered_;
  OriginRegistrar registrar_;
  SharedOrigins shared_;
  DefaultBackends backends_;
  uint64_t heartbeats_ = 0;

  // Of the store. Last: their calls use all of the above.
  const Subscription overrides_changes_;
  const Subscription record_changes_;
};

}  // namespace srsproxy
