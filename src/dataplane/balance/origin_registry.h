// Who the origins are: registrations, leases, superseding, health, and this proxy's opinion of
// them. DESIGN "Origins".
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>
#include <absl/functional/function_ref.h>
#include <absl/time/time.h>

#include "dataplane/balance/health.h"
#include "dataplane/balance/lease_end.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/balance/registration_contests.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/fleet_bus.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/status.h"

namespace srsproxy {

struct OriginRegistryOptions {
  absl::Duration ttl = absl::Seconds(300);                // PROXY_ORIGIN_SERVER_TTL
  absl::Duration heartbeat_interval = absl::Seconds(10);  // Assumed until told or observed.
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

// What an origin is told when it registers.
struct OriginLease {
  std::string origin_id;
  uint64_t generation = 1;
  std::string lease_id;  // Secret: whoever has it may renew and end the registration.
  absl::Duration heartbeat_interval;
  absl::Duration ttl;
  std::vector<std::string> superseded;  // Ids that this registration has replaced.
  bool renewed = false;                 // The same origin was registered already.
};

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
  bool live = false;  // It was heard within two intervals, so its next heartbeat may bring it back.
  bool leaving = false;                 // Sessions are live on it: it stays until they end.
  std::vector<std::string> former_ids;  // Of what it superseded; sessions may still have them.
};

// What becomes of the sessions that are live on an origin when it is deregistered.
enum class LiveSessions : uint8_t {
  kStay,       // The origin is kLeaving until the last has ended.
  kAreKicked,  // By the caller, next: the origin is gone at once.
};

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
    kLeft,      // It is in no snapshot any more; `reason` says why.
    kConflict,  // As OriginConflict; it takes part in one.
  };
  Kind kind = Kind::kJoined;
  std::shared_ptr<const Origin> origin;  // After the change; for kLeft as it was last.
  std::string reason;     // In words: "registered", "no heartbeat for 5m", "superseded by ...".
  bool repeated = false;  // kConflict: the same was told within the last minute.
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
class OriginRegistry {
 public:
  // Takes over the records of `store`: such an origin can be used at once, and is SUSPECT until it
  // is heard; its silence counts from now. One that had lost its lease is DEAD since then. `clock`,
  // `store` and `fleet` outlive the registry. `fleet` is null: this proxy is alone.
  OriginRegistry(const Clock& clock, OriginStore& store, OriginRegistryOptions options = {},
                 const FleetBus* fleet = nullptr);
  OriginRegistry(const OriginRegistry&) = delete;
  OriginRegistry& operator=(const OriginRegistry&) = delete;
  ~OriginRegistry();

  // Registers, or renews what is registered already under the same id and addresses; the caller has
  // put it through ValidateRegistration. `source` says who asks: a client's address without its
  // port. A renewal by the same source keeps its lease; any other ends the former one.
  // RESOURCE_EXHAUSTED: max_origins. PERMISSION_DENIED: it would take the place of an origin of
  // another `server`, by its address or by an id that reads the same, and `may_replace` says no to
  // that. ALREADY_EXISTS: an origin of another `server` with an id that reads the same is live.
  using MayReplace = absl::FunctionRef<bool(std::string_view server)>;
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

  // Who uses the origins; sessions say so here.
  OriginTraffic& traffic() { return traffic_; }

  // Ends every registration that `check` is not OK with, for the reason that it gives; permanent
  // ones stay. `check` must not call the registry.
  void Evict(absl::FunctionRef<absl::Status(const OriginRegistration&)> check);

  // What an operator decided for a `server`, registered or not.
  OriginOverrides OverridesOf(std::string_view server) const { return store_.Overrides(server); }
  // All servers about which an operator has decided anything.
  std::vector<std::string> OverriddenServers() const;
  // Changes what an operator decides for every origin of `server`, now and later:
  // OriginStore::Decide with its answers, made at this time. snapshot() shows it when `done` is
  // called. A drain is begun, or its deadline changed, by the proxy only that drives the fleet:
  // else FAILED_PRECONDITION, as CheckDrives.
  void Decide(std::string server, OriginDecision decision, OriginStore::DecideCallback done);
  // What Decide would answer, as far as is known here; changes nothing.
  absl::StatusOr<OriginOverrides> CheckDecision(std::string_view server,
                                                OriginDecision decision) const;
  // Gives `origin` what an operator decided, in place of what was decided before.
  static void ApplyOverrides(Origin& origin, OriginOverrides overrides);

  // PROXY_ORIGIN_SERVER_TTL: also of leases that were given before.
  void SetTtl(absl::Duration ttl);

  // The origins as of now, but for load and heartbeat times, which lag behind by at most
  // max_snapshot_age or until the next Tick. Never null; cheap enough for every pick.
  std::shared_ptr<const OriginSnapshot> snapshot() const;
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

  // What an origin is asked for that tells no interval of its own.
  absl::Duration default_interval() const;
  absl::Duration ttl() const;

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

  // DOWN origins whose next probe is due; each is handed out once for each probe_interval. The
  // caller connects and answers by ReportConnect.
  std::vector<std::shared_ptr<const Origin>> TakeDueProbes();

  // Acts on what time has brought: health, expired leases, moved servers. Call it about once a
  // second.
  void Tick();

  // Ends its subscription when destroyed; no call is running after that. May outlive the registry.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) = default;
    Subscription& operator=(Subscription&&) = default;

   private:
    friend class OriginRegistry;
    explicit Subscription(std::shared_ptr<void> token) : token_(std::move(token)) {}
    std::shared_ptr<void> token_;
  };

  // `callback` runs on the thread that made the change, one event at a time and in order, after
  // snapshot() shows it. It must not block, nor call the registry except snapshot(), nor destroy a
  // Subscription.
  using EventCallback = absl::AnyInvocable<void(const OriginEvent&)>;
  [[nodiscard]] Subscription Subscribe(EventCallback callback);

  // Calls `done` once, as soon as an origin is known: inline when one is, else under the rules of
  // Subscribe.
  [[nodiscard]] Subscription AwaitFirstOrigin(absl::AnyInvocable<void()> done);

 private:
  struct Entry {
    std::shared_ptr<const Origin> origin;
    std::string lease_id;  // As told last. Empty: permanent, remembered, or deregistered.
    std::vector<std::string> leases;  // Digests of those that hold, latest first.
    bool heard = true;                // Since this registry was made.
    LeaseEnd lease_end;
    uint64_t last_sequence = 0;          // Since it registered last.
    std::vector<std::string> addresses;  // Where RTMP is dialled, "host:port".
    HeartbeatRhythm rhythm;
    ConnectOpinion opinion;
    MonotonicTime next_probe;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;    // By origin id.
  using Index = std::set<std::pair<std::string, std::string>>;  // An attribute and an origin id.
  struct Superseded {
    std::string former;
    std::string successor;
    bool elsewhere = false;  // As OriginSuccessor.
  };
  struct Subscriber;

  // All of these are called with mutex_ held.
  Subscription AddSubscriber(EventCallback callback);
  absl::Duration AskedInterval(const Entry& entry) const;
  // Heard within two intervals.
  bool IsLive(const Entry& entry, MonotonicTime now) const;
  // Another address of its server may take its place.
  bool MayBeSuperseded(const Entry& entry, MonotonicTime now) const;
  // `leases`: digests.
  Entry& Add(Origin origin, std::vector<std::string> leases, std::string_view reason);
  void Remember(OriginRecord record);
  // Of those that nothing was heard of for a whole round, none is expected any more.
  void ForgetExpected(MonotonicTime now);
  void GiveLease(Entry& entry);
  void EndLeases(Entry& entry);
  void OnDecision(const std::string& server, const OriginOverrides& overrides);
  absl::Status CheckSameId(const Entry& existing, const std::string& server, MayReplace may_replace,
                           MonotonicTime now) const;
  // Whether the address is still the same.
  bool Renew(Entry& entry, Origin renewed, MonotonicTime now);
  void MarkHeard(Origin& origin, MonotonicTime now) const;
  void SetAddresses(const std::string& id, Entry& entry, std::vector<std::string> addresses);
  void Update(Entry& entry, Origin changed, std::string_view reason);
  // `unheard`: for its silence; whether it is gone for others, too, the store decides.
  void Remove(Entries::iterator at, std::string reason, bool unheard = false);
  std::vector<std::string> FindSuperseded(const OriginRegistration& registration,
                                          MonotonicTime now) const;
  void Supersede(const std::string& former, const std::string& successor);
  // False: the former one is at another address, and a session has begun to use it there meanwhile.
  bool TrySupersede(const std::string& former, const std::string& successor);
  void ForgetSuperseded(absl::FunctionRef<bool(const Superseded&)> which);
  Registrant RegistrantOf(const Entry& entry) const;
  // `winner`, now registered, has taken the place of `loser`. Whether that is part of a contest.
  bool NoteTakeover(const Entry& winner, const Registrant& loser, absl::Duration interval,
                    MonotonicTime now);
  void AddContests(MonotonicTime now, std::vector<OriginConflict>& to) const;
  std::string AtSeveralAddresses(const OriginConflict& conflict) const;
  void NoteConflict(const Entry& entry, MonotonicTime now);
  void EmitConflict(const Entry& entry, std::string_view address, std::string_view other_address);
  OriginDeparture Deregister(Entries::iterator at, LiveSessions live, std::string_view by);
  void ExpireLeases(MonotonicTime now);
  // What has become of the origins whose lease has ended.
  void SettleEnded(MonotonicTime now);
  // Forgets dead origins, those silent for longest first, until no more than `count` are left.
  void KeepDead(size_t count);
  void SupersedeMoved(MonotonicTime now);
  // Adds those of one server, [begin, end), that are silent while another of them is live.
  void FindMoved(Index::const_iterator begin, Index::const_iterator end, MonotonicTime now,
                 std::vector<Superseded>& moved) const;
  void RestorePermanent();
  void Save(const Entry& entry);
  void Emit(OriginEvent::Kind kind, std::shared_ptr<const Origin> origin, std::string reason);
  // Swaps the snapshot, then tells the pending events; later when only load and heartbeat times
  // have changed and the snapshot is young.
  void Publish();
  void PublishNow();

  const Clock& clock_;
  OriginStore& store_;
  const FleetBus* const fleet_;

  mutable OriginTraffic traffic_;
  mutable std::mutex mutex_;  // Guards all below except snapshot_.
  OriginRegistryOptions options_;
  Entries entries_;
  Index ids_by_address_;
  Index ids_by_server_;
  absl::flat_hash_map<std::string, std::string> ids_by_lease_;  // By digest.
  std::deque<Superseded> superseded_;                           // Oldest first.
  std::shared_ptr<const OriginSuccessors> successors_;  // Of superseded_; null: to be made anew.
  std::vector<OriginRegistration> permanent_;
  SelfPreservation self_preservation_;
  const MonotonicTime started_;
  StartSettle start_settle_;
  RegistrationContests contests_;
  OriginRegistryStats stats_;
  std::vector<OriginEvent> pending_events_;
  std::vector<std::weak_ptr<Subscriber>> subscribers_;
  MonotonicTime published_at_;
  bool stale_ = false;  // The snapshot lacks something.
  uint64_t version_ = 0;
  uint64_t shape_version_ = 0;

  mutable std::mutex snapshot_mutex_;
  std::shared_ptr<const OriginSnapshot> snapshot_;
};

}  // namespace srsproxy
