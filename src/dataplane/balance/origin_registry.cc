#include "dataplane/balance/origin_registry.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "dataplane/balance/lease_id.h"
#include "dataplane/core/host.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

// Leases that end within this of each other end together, as far as self-preservation goes.
constexpr absl::Duration kExpiryWindow = absl::Seconds(30);

// Leases of one origin that hold at once: the one that was given last, and those of before a
// restart.
constexpr size_t kMaxLeases = 3;
// A remembered origin that is alive is heard within this: SRS beats each 9 to 10 s.
constexpr auto kFirstRound = StartSettle::kWindow;

// A drain is carried out by the proxy that drives the fleet, so that is where one begins.
absl::Status CheckDecider(const OriginDecision& decision, const FleetBus* fleet) {
  const bool drains = decision.admin_state.value() == AdminState::kDraining ||
                      decision.drain_deadline.value().has_value();
  return drains ? CheckDrives(fleet) : absl::OkStatus();
}

// Where RTMP is dialled, as "host:port".
std::vector<std::string> RtmpAddresses(const OriginRegistration& registration) {
  std::vector<std::string> addresses;
  for (const Endpoint& endpoint : registration.rtmp) {
    const Endpoint dialled = DialEndpoint(registration, endpoint);
    addresses.push_back(JoinHostPort(CanonicalHost(dialled.host), dialled.port));
  }
  return addresses;
}

bool ShareAddress(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

// The origins that `index` has for `attribute`.
std::set<std::string> IdsOf(const std::set<std::pair<std::string, std::string>>& index,
                            std::string_view attribute) {
  std::set<std::string> ids;
  for (auto at = index.lower_bound({std::string(attribute), ""});
       at != index.end() && at->first == attribute; ++at) {
    ids.insert(at->second);
  }
  return ids;
}

std::string SharedServer(std::string_view server, const std::vector<std::string_view>& addresses) {
  std::vector<absl::string_view> texts;
  for (const std::string_view address : addresses) texts.push_back(ToAbsl(address));
  return absl::StrCat("server ", Quoted(server), " is live at ", absl::StrJoin(texts, " and at "),
                      ": give each SRS a server id file of its own");
}

absl::Status NoLease() {
  return absl::NotFoundError(
      "no origin holds this lease: it has expired, was superseded or deregistered; register again");
}

}  // namespace

struct OriginRegistry::Subscriber {
  std::mutex mutex;  // Held while the callback runs.
  EventCallback callback;

  void Call(const OriginEvent& event) {
    const std::lock_guard lock(mutex);
    if (callback) callback(event);
  }
  void End() {
    const std::lock_guard lock(mutex);
    callback = nullptr;
  }
};

OriginRegistry::OriginRegistry(const Clock& clock, OriginStore& store,
                               OriginRegistryOptions options, const FleetBus* fleet)
    : clock_(clock),
      store_(store),
      fleet_(fleet),
      traffic_(clock),
      options_(options),
      started_(clock.Now()),
      start_settle_(started_, options.start_settle),
      snapshot_(std::make_shared<const OriginSnapshot>()) {
  store_.Observe([this](const std::string& server, const OriginOverrides& overrides) {
    OnDecision(server, overrides);
  });
  const std::lock_guard lock(mutex_);
  for (OriginRecord& record : store_.Records()) Remember(std::move(record));
  Publish();
}

OriginRegistry::~OriginRegistry() { store_.Observe(nullptr); }

void OriginRegistry::Remember(OriginRecord record) {
  LeaseEnd ended;
  if (record.silent_since.has_value()) {
    const MonotonicTime now = clock_.Now();
    const absl::Time wall = clock_.WallNow();
    // A time that is still to come was never true; counted anew at each start it would never end.
    if (*record.silent_since > wall) store_.RecordSilent(record.registration.Id(), wall);
    const absl::Duration since = std::max(wall - *record.silent_since, absl::ZeroDuration());
    ended = LeaseEnd(LeaseEnd::Cause::kSilence, now - absl::ToChronoNanoseconds(since));
    const auto outcome = ended.OutcomeAt(now, /*in_use=*/false, options_.keep_dead);
    if (outcome == LeaseEnd::Outcome::kForgotten) {
      return store_.RecordUnheard(record.registration.Id());
    }
  }
  Origin origin;
  origin.generation = record.generation;
  origin.source = std::move(record.source);
  origin.registered_at = record.registered_at;
  origin.registration = std::move(record.registration);
  Entry& entry = Add(std::move(origin), std::move(record.lease_digests), "known from the store");
  entry.heard = false;
  Origin remembered = *entry.origin;
  remembered.health = ended.held() ? OriginHealth::kSuspect : OriginHealth::kDead;
  remembered.expected = ended.held();
  remembered.heartbeat_at = absl::InfinitePast();
  if (!ended.held()) {
    remembered.last_heard = ended.since() - absl::ToChronoNanoseconds(options_.ttl);
  }
  entry.origin = std::make_shared<const Origin>(std::move(remembered));
  entry.lease_end = ended;
  start_settle_.Remembered();
}

absl::StatusOr<OriginLease> OriginRegistry::Register(OriginRegistration registration,
                                                     std::string_view source,
                                                     MayReplace may_replace) {
  registration.ip = CanonicalHost(registration.ip);
  const std::string id = registration.Id();
  const MonotonicTime now = clock_.Now();

  const std::lock_guard lock(mutex_);
  const auto existing = entries_.find(id);
  if (existing == entries_.end() && entries_.size() >= options_.max_origins) KeepDead(0);
  if (existing == entries_.end() && entries_.size() >= options_.max_origins) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the limit of ", options_.max_origins, " origins is reached"));
  }

  OriginLease lease;
  lease.origin_id = id;
  lease.superseded = FindSuperseded(registration, now);
  if (existing != entries_.end()) {
    if (auto status = CheckSameId(existing->second, registration.server, may_replace, now);
        !status.ok()) {
      return status;
    }
  }
  for (const std::string& former : lease.superseded) {
    const std::string& server = entries_.find(former)->second.origin->registration.server;
    if (server != registration.server && !may_replace(server)) {
      return absl::PermissionDeniedError(
          absl::StrCat("one of the RTMP addresses is that of origin ", former, " of server ",
                       server, ", which the caller may not replace"));
    }
  }
  std::vector<std::pair<Registrant, absl::Duration>> losers;
  for (const std::string& former : lease.superseded) {
    const Entry& entry = entries_.find(former)->second;
    lease.generation = std::max(lease.generation, entry.origin->generation + 1);
    if (ShareAddress(entry.addresses, RtmpAddresses(registration))) {
      losers.emplace_back(RegistrantOf(entry), AskedInterval(entry));
    }
  }
  Origin origin;
  origin.generation = lease.generation;
  origin.source = source;
  origin.registered_at = clock_.WallNow();
  origin.registration = std::move(registration);
  if (existing == entries_.end()) {
    GiveLease(Add(std::move(origin), {}, "registered"));
    start_settle_.OriginJoined(now);
  } else {
    lease.renewed = Renew(existing->second, std::move(origin), now);
  }
  std::erase_if(lease.superseded,
                [&](const std::string& former) { return !TrySupersede(former, id); });

  const Entry& entry = entries_.find(id)->second;
  for (const auto& [loser, interval] : losers) NoteTakeover(entry, loser, interval, now);
  if (!lease.renewed) NoteConflict(entry, now);
  ++stats_.registrations;
  lease.generation = entry.origin->generation;
  lease.lease_id = entry.lease_id;
  lease.heartbeat_interval = AskedInterval(entry);
  lease.ttl = options_.ttl;
  Publish();
  return lease;
}

absl::Status OriginRegistry::RegisterPermanent(OriginRegistration registration) {
  if (auto status = ValidateRegistration(registration); !status.ok()) return status;
  registration.ip = CanonicalHost(registration.ip);
  const std::lock_guard lock(mutex_);
  permanent_.push_back(std::move(registration));
  RestorePermanent();
  Publish();
  return absl::OkStatus();
}

absl::StatusOr<HeartbeatReply> OriginRegistry::Heartbeat(std::string_view lease_id,
                                                         const OriginHeartbeat& heartbeat) {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  const auto at = ids_by_lease_.find(LeaseDigest(lease_id));
  if (at == ids_by_lease_.end()) return NoLease();
  Entry& entry = entries_.find(at->second)->second;
  const bool ignored = heartbeat.sequence != 0 && heartbeat.sequence <= entry.last_sequence;
  ++stats_.heartbeats;
  if (!ignored) {
    if (heartbeat.sequence != 0) entry.last_sequence = heartbeat.sequence;
    entry.rhythm.Heartbeat(now);
    const bool was_silent = !std::exchange(entry.lease_end, {}).held();
    entry.heard = true;
    Origin heard = *entry.origin;
    heard.load = heartbeat.load;
    MarkHeard(heard, now);
    Update(entry, std::move(heard), "heard again");
    if (was_silent) Save(entry);
    Publish();
  }
  return HeartbeatReply{.origin_id = entry.origin->id,
                        .generation = entry.origin->generation,
                        .heartbeat_interval = AskedInterval(entry),
                        .ttl = options_.ttl,
                        .admin_state = entry.origin->admin_state,
                        .ignored = ignored};
}

absl::StatusOr<OriginDeparture> OriginRegistry::DeregisterLease(std::string_view lease_id,
                                                                LiveSessions live) {
  const std::lock_guard lock(mutex_);
  const auto at = ids_by_lease_.find(LeaseDigest(lease_id));
  if (at == ids_by_lease_.end()) return NoLease();
  return Deregister(entries_.find(at->second), live, "deregistered by itself");
}

absl::StatusOr<OriginDeparture> OriginRegistry::DeregisterOrigin(std::string_view origin_id,
                                                                 LiveSessions live) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(origin_id);
  if (at == entries_.end()) {
    return absl::NotFoundError(absl::StrCat("no origin ", Quoted(origin_id), " is registered"));
  }
  if (at->second.origin->permanent) {
    return absl::FailedPreconditionError(absl::StrCat(
        "origin ", Quoted(origin_id),
        " is the default backend of this proxy's settings: unset PROXY_DEFAULT_BACKEND_ENABLED"));
  }
  return Deregister(at, live, "deregistered by an operator");
}

OriginDeparture OriginRegistry::Deregister(Entries::iterator at, LiveSessions live,
                                           std::string_view by) {
  Entry& entry = at->second;
  const MonotonicTime now = clock_.Now();
  OriginDeparture departure{.origin_id = at->first, .live = IsLive(entry, now), .former_ids = {}};
  for (const Superseded& past : superseded_) {
    if (past.successor == at->first) departure.former_ids.push_back(past.former);
  }
  departure.leaving = live == LiveSessions::kStay && !traffic_.Retire(at->first);
  if (departure.leaving) {
    EndLeases(entry);
    store_.RemoveRecord(at->first);
    entry.lease_end = LeaseEnd(LeaseEnd::Cause::kDeregistered, now);
    Origin leaving = *entry.origin;
    leaving.health = OriginHealth::kLeaving;
    leaving.deregistered = true;
    Update(entry, std::move(leaving), absl::StrCat(ToAbsl(by), "; what is live on it stays"));
  } else {
    Remove(at, std::string(by));
  }
  RestorePermanent();
  Publish();
  return departure;
}

void OriginRegistry::Evict(absl::FunctionRef<absl::Status(const OriginRegistration&)> check) {
  const std::lock_guard lock(mutex_);
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    const auto status =
        at->second.origin->permanent ? absl::OkStatus() : check(at->second.origin->registration);
    if (!status.ok()) Remove(at, absl::StrCat("refused: ", status.message()));
    at = next;
  }
  RestorePermanent();
  Publish();
}

std::vector<std::string> OriginRegistry::OverriddenServers() const {
  std::vector<std::string> servers;
  for (const auto& [server, overrides] : store_.AllOverrides()) servers.push_back(server);
  return servers;
}

absl::StatusOr<OriginOverrides> OriginRegistry::CheckDecision(std::string_view server,
                                                              OriginDecision decision) const {
  decision.made_at = clock_.WallNow();
  if (auto status = ValidateServer(server); !status.ok()) return status;
  if (auto status = CheckDecider(decision, fleet_); !status.ok()) return status;
  return Merge(store_.Overrides(server), decision);
}

void OriginRegistry::Decide(std::string server, OriginDecision decision,
                            OriginStore::DecideCallback done) {
  decision.made_at = clock_.WallNow();
  if (auto status = CheckDecider(decision, fleet_); !status.ok()) return done(std::move(status));
  store_.Decide(std::move(server), std::move(decision), std::move(done));
}

void OriginRegistry::OnDecision(const std::string& server, const OriginOverrides& overrides) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : IdsOf(ids_by_server_, server)) {
    Entry& entry = entries_.find(id)->second;
    Origin changed = *entry.origin;
    ApplyOverrides(changed, overrides);
    Update(entry, std::move(changed), "set by an operator");
  }
  Publish();
}

std::shared_ptr<const OriginSnapshot> OriginRegistry::snapshot() const {
  const std::lock_guard lock(snapshot_mutex_);
  return snapshot_;
}

OriginRegistry::OriginUse OriginRegistry::BeginUse(std::string_view origin_id, Role role) {
  const std::lock_guard lock(mutex_);
  OriginUse begun{.origin = snapshot()->Resolve(origin_id), .use = nullptr};
  if (begun.origin != nullptr) begun.use = traffic_.Begin(begun.origin->id, role);
  if (begun.use == nullptr) begun.origin = nullptr;
  return begun;
}

std::shared_ptr<const OriginSnapshot> OriginRegistry::CurrentSnapshot() {
  const std::lock_guard lock(mutex_);
  if (stale_) PublishNow();
  return snapshot();
}

absl::Duration OriginRegistry::default_interval() const {
  const std::lock_guard lock(mutex_);
  return std::min(options_.heartbeat_interval, options_.ttl / 3);
}

std::vector<OriginConflict> OriginRegistry::Conflicts() const {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  std::map<std::string_view, OriginConflict> by_server;
  for (const auto& [id, entry] : entries_) {
    if (entry.origin->permanent || !entry.heard || !IsLive(entry, now)) continue;
    by_server[entry.origin->registration.server].origin_ids.push_back(id);
  }
  std::vector<OriginConflict> conflicts;
  for (auto& [server, conflict] : by_server) {
    if (conflict.origin_ids.size() < 2) continue;
    conflict.server = server;
    conflict.message = AtSeveralAddresses(conflict);
    conflicts.push_back(std::move(conflict));
  }
  AddContests(now, conflicts);
  return conflicts;
}

OriginRegistryStats OriginRegistry::stats() const {
  const std::lock_guard lock(mutex_);
  OriginRegistryStats stats = stats_;
  stats.self_preservation = self_preservation_.active();
  return stats;
}

void OriginRegistry::ReportConnect(std::string_view origin_id, ConnectOutcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(origin_id);
  if (at == entries_.end()) return;
  Entry& entry = at->second;
  entry.opinion.Report(outcome, options_.down_after_failures);
  if (entry.opinion.down() == entry.origin->down) return;
  entry.next_probe = clock_.Now() + absl::ToChronoNanoseconds(options_.probe_interval);
  Origin changed = *entry.origin;
  changed.down = entry.opinion.down();
  Update(entry, std::move(changed),
         outcome == ConnectOutcome::kOk          ? "connected again"
         : outcome == ConnectOutcome::kRefused   ? "refused a connection"
         : outcome == ConnectOutcome::kForbidden ? "is at an address that is not connected to"
                                                 : "connections failed one after another");
  Publish();
}

std::optional<MonotonicTime> OriginRegistry::PlaceFrom() const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  return start_settle_.PlaceFrom();
}

MonotonicTime OriginRegistry::ReadyFrom() const {
  const std::lock_guard lock(mutex_);
  return start_settle_.ReadyFrom();
}

std::optional<StartWait> OriginRegistry::WaitNow() const {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  return start_settle_.WaitAt(now, !entries_.empty());
}

std::vector<std::shared_ptr<const Origin>> OriginRegistry::TakeDueProbes() {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Origin>> due;
  for (auto& [id, entry] : entries_) {
    if (!entry.origin->down || now < entry.next_probe) continue;
    if (entry.origin->health == OriginHealth::kDead) continue;  // For a day, it may be.
    entry.next_probe = now + absl::ToChronoNanoseconds(options_.probe_interval);
    due.push_back(entry.origin);
  }
  return due;
}

void OriginRegistry::Tick() {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  SupersedeMoved(now);
  ExpireLeases(now);
  SettleEnded(now);
  ForgetExpected(now);
  contests_.Tick(now);
  for (auto& [id, entry] : entries_) {
    if (entry.origin->permanent || !entry.lease_end.held()) continue;
    const OriginHealth health =
        entry.rhythm.HealthAt(now, options_.min_suspect_after, options_.ttl);
    // A lease that self-preservation keeps is silent for long, not dead.
    const OriginHealth shown =
        health == OriginHealth::kDead || !entry.heard ? OriginHealth::kSuspect : health;
    if (shown == entry.origin->health) continue;
    Origin changed = *entry.origin;
    changed.health = shown;
    Update(entry, std::move(changed),
           absl::StrCat("no heartbeat for ", absl::FormatDuration(absl::Trunc(
                                                 entry.rhythm.Silence(now), absl::Seconds(1)))));
  }
  RestorePermanent();
  if (stale_ || !pending_events_.empty()) PublishNow();
}

absl::Duration OriginRegistry::ttl() const {
  const std::lock_guard lock(mutex_);
  return options_.ttl;
}

void OriginRegistry::SetTtl(absl::Duration ttl) {
  const std::lock_guard lock(mutex_);
  options_.ttl = ttl;
}

OriginRegistry::Subscription OriginRegistry::Subscribe(EventCallback callback) {
  const std::lock_guard lock(mutex_);
  return AddSubscriber(std::move(callback));
}

OriginRegistry::Subscription OriginRegistry::AwaitFirstOrigin(absl::AnyInvocable<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    if (entries_.empty()) {
      return AddSubscriber([done = std::move(done)](const OriginEvent& event) mutable {
        if (event.kind != OriginEvent::Kind::kJoined || !done) return;
        auto once = std::exchange(done, nullptr);
        once();
      });
    }
  }
  done();
  return {};
}

OriginRegistry::Subscription OriginRegistry::AddSubscriber(EventCallback callback) {
  const auto subscriber = std::make_shared<Subscriber>();
  subscriber->callback = std::move(callback);
  std::erase_if(subscribers_, [](const auto& known) { return known.expired(); });
  subscribers_.push_back(subscriber);
  return Subscription(
      std::shared_ptr<void>(subscriber.get(), [subscriber](void*) { subscriber->End(); }));
}

absl::Duration OriginRegistry::AskedInterval(const Entry& entry) const {
  return std::min(
      entry.origin->registration.heartbeat_interval.value_or(options_.heartbeat_interval),
      options_.ttl / 3);
}

bool OriginRegistry::IsLive(const Entry& entry, MonotonicTime now) const {
  return entry.lease_end.held() && entry.rhythm.Silence(now) < 2 * entry.rhythm.Interval();
}

bool OriginRegistry::MayBeSuperseded(const Entry& entry, MonotonicTime now) const {
  const Origin& origin = *entry.origin;
  return !origin.permanent && !IsLive(entry, now) && !traffic_.IsInUse(origin.id);
}

OriginRegistry::Entry& OriginRegistry::Add(Origin origin, std::vector<std::string> leases,
                                           std::string_view reason) {
  const MonotonicTime now = clock_.Now();
  Entry entry{.origin = nullptr,
              .lease_id = {},
              .leases = std::move(leases),
              .lease_end = {},
              .addresses = {},
              .rhythm = HeartbeatRhythm(now, options_.heartbeat_interval),
              .opinion = {},
              .next_probe = {}};
  if (const auto told = origin.registration.heartbeat_interval) entry.rhythm.Told(*told);
  origin.id = origin.registration.Id();
  MarkHeard(origin, now);
  ApplyOverrides(origin, store_.Overrides(origin.registration.server));
  SetAddresses(origin.id, entry, RtmpAddresses(origin.registration));
  ids_by_server_.emplace(origin.registration.server, origin.id);
  entry.origin = std::make_shared<const Origin>(std::move(origin));
  const std::string& id = entry.origin->id;
  traffic_.Admit(id);
  ForgetSuperseded([&](const Superseded& past) { return past.former == id; });
  for (const std::string& lease : entry.leases) ids_by_lease_[lease] = id;
  Emit(OriginEvent::Kind::kJoined, entry.origin, std::string(reason));
  return entries_.insert_or_assign(id, std::move(entry)).first->second;
}

void OriginRegistry::GiveLease(Entry& entry) {
  entry.lease_id = NewLeaseId();
  entry.leases.insert(entry.leases.begin(), LeaseDigest(entry.lease_id));
  ids_by_lease_[entry.leases.front()] = entry.origin->id;
  while (entry.leases.size() > kMaxLeases) {
    ids_by_lease_.erase(entry.leases.back());
    entry.leases.pop_back();
  }
  Save(entry);
}

void OriginRegistry::EndLeases(Entry& entry) {
  for (const std::string& lease : std::exchange(entry.leases, {})) ids_by_lease_.erase(lease);
  entry.lease_id.clear();
}

void OriginRegistry::ForgetExpected(MonotonicTime now) {
  if (now - started_ < kFirstRound) return;
  for (auto& [id, entry] : entries_) {
    if (!entry.origin->expected) continue;
    Origin changed = *entry.origin;
    changed.expected = false;
    Update(entry, std::move(changed), "not heard since this proxy started");
  }
}

// Two servers may have ids that read the same: "a-b" with service "c", and "a" with service "b-c".
absl::Status OriginRegistry::CheckSameId(const Entry& existing, const std::string& server,
                                         MayReplace may_replace, MonotonicTime now) const {
  const Origin& origin = *existing.origin;
  if (origin.registration.server == server) return absl::OkStatus();
  const std::string whose = absl::StrCat("the id ", origin.id, " is that of an origin of server ",
                                         origin.registration.server);
  if (!may_replace(origin.registration.server)) {
    return absl::PermissionDeniedError(whose + ", which the caller may not replace");
  }
  if (!IsLive(existing, now)) return absl::OkStatus();
  return absl::AlreadyExistsError(whose + ": choose another service or pid");
}

bool OriginRegistry::Renew(Entry& entry, Origin renewed, MonotonicTime now) {
  const Origin& former = *entry.origin;
  std::vector<std::string> addresses = RtmpAddresses(renewed.registration);
  const bool same_address = ShareAddress(entry.addresses, addresses);
  const bool keeps_lease = !entry.leases.empty() && former.source == renewed.source;
  const Registrant loser = RegistrantOf(entry);
  const bool was_live = IsLive(entry, now);
  renewed.id = former.id;
  renewed.load = former.load;
  renewed.generation =
      std::max(renewed.generation, same_address ? former.generation : former.generation + 1);
  if (same_address) {
    renewed.registered_at = former.registered_at;
  } else {
    entry.opinion = {};
  }
  renewed.down = entry.opinion.down();
  if (!keeps_lease) EndLeases(entry);
  const bool to_save = renewed.generation != former.generation ||
                       renewed.registration != former.registration || !entry.lease_end.held();
  SetAddresses(former.id, entry, std::move(addresses));
  // Two servers may have ids that read the same.
  ids_by_server_.erase({former.registration.server, former.id});
  ids_by_server_.emplace(renewed.registration.server, former.id);
  entry.last_sequence = 0;
  entry.lease_end = {};
  entry.rhythm.Heard(now);
  entry.heard = true;
  if (const auto told = renewed.registration.heartbeat_interval) entry.rhythm.Told(*told);
  MarkHeard(renewed, now);
  ApplyOverrides(renewed, store_.Overrides(renewed.registration.server));
  Update(entry, std::move(renewed), same_address ? "renewed" : "moved to another address");
  if (entry.lease_id.empty()) {
    GiveLease(entry);
  } else if (to_save) {
    Save(entry);
  }
  const bool contested = !loser.source.empty() && loser != RegistrantOf(entry) &&
                         NoteTakeover(entry, loser, AskedInterval(entry), now);
  if (!contested && !same_address && was_live) {
    EmitConflict(entry, loser.address, entry.addresses.front());
  }
  return same_address;
}

void OriginRegistry::MarkHeard(Origin& origin, MonotonicTime now) const {
  origin.health = OriginHealth::kHealthy;
  origin.deregistered = false;
  origin.expected = false;
  origin.last_heard = now;
  origin.heartbeat_at = clock_.WallNow();
}

void OriginRegistry::ApplyOverrides(Origin& origin, OriginOverrides overrides) {
  const OriginRegistration& told = origin.registration;
  origin.admin_state = overrides.admin_state.value_or(AdminState::kActive);
  origin.weight = overrides.weight.value_or(told.weight);
  origin.zone = overrides.zone.value_or(told.zone);
  origin.labels = overrides.labels.value_or(told.labels);
  origin.capacity = overrides.capacity.value_or(told.capacity);
  origin.overrides = std::move(overrides);
}

void OriginRegistry::SetAddresses(const std::string& id, Entry& entry,
                                  std::vector<std::string> addresses) {
  for (const std::string& address : entry.addresses) ids_by_address_.erase({address, id});
  entry.addresses = std::move(addresses);
  for (const std::string& address : entry.addresses) ids_by_address_.emplace(address, id);
}

void OriginRegistry::Update(Entry& entry, Origin changed, std::string_view reason) {
  const std::shared_ptr<const Origin> former =
      std::exchange(entry.origin, std::make_shared<const Origin>(std::move(changed)));
  const Origin& now = *entry.origin;
  const bool worth_telling = former->generation != now.generation ||
                             former->registration != now.registration ||
                             former->health != now.health || former->down != now.down ||
                             former->deregistered != now.deregistered ||
                             former->expected != now.expected || former->overrides != now.overrides;
  if (worth_telling) Emit(OriginEvent::Kind::kChanged, entry.origin, std::string(reason));
}

void OriginRegistry::Remove(Entries::iterator at, std::string reason, bool unheard) {
  Entry& entry = at->second;
  const std::string& id = at->first;
  traffic_.Drop(id);
  SetAddresses(id, entry, {});
  ids_by_server_.erase({entry.origin->registration.server, id});
  if (!entry.origin->permanent) {
    EndLeases(entry);
    if (unheard) {
      store_.RecordUnheard(id);
    } else {
      store_.RemoveRecord(id);
    }
  }
  ForgetSuperseded([&](const Superseded& past) { return past.successor == id; });
  Emit(OriginEvent::Kind::kLeft, entry.origin, std::move(reason));
  entries_.erase(at);
}

std::vector<std::string> OriginRegistry::FindSuperseded(const OriginRegistration& registration,
                                                        MonotonicTime now) const {
  std::set<std::string> found;
  for (const std::string& address : RtmpAddresses(registration)) {
    found.merge(IdsOf(ids_by_address_, address));
  }
  for (const std::string& id : IdsOf(ids_by_server_, registration.server)) {
    const Entry& entry = entries_.find(id)->second;
    if (MayBeSuperseded(entry, now)) found.insert(id);
  }
  found.erase(registration.Id());
  return {found.begin(), found.end()};
}

void OriginRegistry::Supersede(const std::string& former, const std::string& successor) {
  const bool elsewhere = !ShareAddress(entries_.find(former)->second.addresses,
                                       entries_.find(successor)->second.addresses);
  for (Superseded& past : superseded_) {
    if (past.successor != former) continue;
    past.successor = successor;
    past.elsewhere |= elsewhere;
  }
  traffic_.Inherit(former, successor);
  Remove(entries_.find(former), absl::StrCat("superseded by ", successor));
  superseded_.push_back({former, successor, elsewhere});
  if (superseded_.size() > options_.max_superseded) superseded_.pop_front();
  successors_ = nullptr;
  ++stats_.superseded;
}

bool OriginRegistry::TrySupersede(const std::string& former, const std::string& successor) {
  const bool same_address = ShareAddress(entries_.find(former)->second.addresses,
                                         entries_.find(successor)->second.addresses);
  if (!same_address && !traffic_.Retire(former)) return false;
  Supersede(former, successor);
  return true;
}

void OriginRegistry::ForgetSuperseded(absl::FunctionRef<bool(const Superseded&)> which) {
  if (std::erase_if(superseded_, which) > 0) successors_ = nullptr;
}

void OriginRegistry::NoteConflict(const Entry& entry, MonotonicTime now) {
  const Origin& origin = *entry.origin;
  for (const std::string& id : IdsOf(ids_by_server_, origin.registration.server)) {
    const Entry& other = entries_.find(id)->second;
    if (id == origin.id || other.origin->permanent || !other.heard) continue;
    if (!IsLive(other, now)) continue;
    EmitConflict(entry, entry.addresses.front(), other.addresses.front());
    return;
  }
}

void OriginRegistry::EmitConflict(const Entry& entry, std::string_view address,
                                  std::string_view other_address) {
  ++stats_.conflicts;
  Emit(OriginEvent::Kind::kConflict, entry.origin,
       SharedServer(entry.origin->registration.server, {address, other_address}));
}

Registrant OriginRegistry::RegistrantOf(const Entry& entry) const {
  return {entry.origin->id, entry.addresses.front(),
          entry.origin->permanent ? "" : entry.origin->source};
}

bool OriginRegistry::NoteTakeover(const Entry& winner, const Registrant& loser,
                                  absl::Duration interval, MonotonicTime now) {
  Registrant registrant = RegistrantOf(winner);
  // Of several addresses, the one that they share, if they do.
  const auto& addresses = winner.addresses;
  if (std::find(addresses.begin(), addresses.end(), loser.address) != addresses.end()) {
    registrant.address = loser.address;
  }
  using Verdict = RegistrationContests::Verdict;
  const Verdict verdict =
      contests_.TakenOver(registrant, loser, std::max(interval, AskedInterval(winner)), now);
  if (verdict == Verdict::kMove) return false;
  ++stats_.conflicts;
  const RegistrationContest* contest = contests_.Find(registrant);
  pending_events_.push_back({.kind = OriginEvent::Kind::kConflict,
                             .origin = winner.origin,
                             .reason = contest != nullptr ? contest->Describe() : "",
                             .repeated = verdict == Verdict::kContest});
  return true;
}

void OriginRegistry::AddContests(MonotonicTime now, std::vector<OriginConflict>& to) const {
  for (const RegistrationContest& contest : contests_.At(now)) {
    OriginConflict conflict;
    for (const Registrant& registrant : contest.registrants) {
      auto& ids = conflict.origin_ids;
      if (ids.empty() || ids.back() != registrant.origin_id) ids.push_back(registrant.origin_id);
      const auto at = entries_.find(registrant.origin_id);
      if (at != entries_.end()) conflict.server = at->second.origin->registration.server;
    }
    conflict.message = contest.Describe();
    conflict.takeovers = contest.takeovers;
    to.push_back(std::move(conflict));
  }
  std::stable_sort(to.begin(), to.end(),
                   [](const auto& a, const auto& b) { return a.server < b.server; });
}

std::string OriginRegistry::AtSeveralAddresses(const OriginConflict& conflict) const {
  std::vector<std::string_view> addresses;
  for (const std::string& id : conflict.origin_ids) {
    addresses.push_back(entries_.find(id)->second.addresses.front());
  }
  return SharedServer(conflict.server, addresses);
}

void OriginRegistry::ExpireLeases(MonotonicTime now) {
  const absl::Duration window = std::min(kExpiryWindow, options_.ttl / 2);
  size_t leased = 0;
  size_t expiring = 0;
  std::vector<Entry*> expired;
  for (auto& [id, entry] : entries_) {
    if (entry.origin->permanent || !entry.lease_end.held()) continue;
    const absl::Duration silence = entry.rhythm.Silence(now);
    ++leased;
    if (silence >= options_.ttl - window) ++expiring;
    if (silence >= options_.ttl) expired.push_back(&entry);
  }
  if (expired.empty() && !self_preservation_.active()) return;
  if (!self_preservation_.MayExpire(now, leased, expiring, options_.ttl)) return;
  for (Entry* entry : expired) {
    const absl::Time wall = clock_.WallNow();
    entry->lease_end = LeaseEnd(LeaseEnd::Cause::kSilence, now);
    store_.RecordSilent(entry->origin->id, wall);
    ++stats_.lease_expirations;
  }
}

void OriginRegistry::SettleEnded(MonotonicTime now) {
  size_t dead = 0;
  for (auto next = entries_.begin(); next != entries_.end();) {
    const auto at = next++;
    Entry& entry = at->second;
    if (entry.lease_end.held()) continue;
    const LeaseEnd::Outcome outcome =
        entry.lease_end.OutcomeAt(now, traffic_.IsInUse(at->first), options_.keep_dead);
    if (outcome == LeaseEnd::Outcome::kForgotten && traffic_.Retire(at->first)) {
      Remove(at, entry.lease_end.Describe(options_.ttl, options_.keep_dead), /*unheard=*/true);
      continue;
    }
    const bool is_dead = outcome == LeaseEnd::Outcome::kDead;
    const OriginHealth health = is_dead ? OriginHealth::kDead : OriginHealth::kLeaving;
    dead += is_dead ? 1 : 0;
    if (entry.origin->health == health) continue;
    Origin changed = *entry.origin;
    changed.health = health;
    Update(entry, std::move(changed),
           is_dead ? absl::StrCat("no heartbeat for ", absl::FormatDuration(options_.ttl))
                   : absl::StrCat("no heartbeat for ", absl::FormatDuration(options_.ttl),
                                  "; what is live on it stays"));
  }
  if (dead > options_.max_dead) KeepDead(options_.max_dead);
}

void OriginRegistry::KeepDead(size_t count) {
  std::vector<std::pair<MonotonicTime, Entries::iterator>> dead;
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.origin->health != OriginHealth::kDead) continue;
    dead.emplace_back(at->second.origin->last_heard, at);
  }
  const auto longer_silent = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::sort(dead.begin(), dead.end(), longer_silent);
  for (size_t i = 0; i + count < dead.size(); ++i) {
    if (!traffic_.Retire(dead[i].second->first)) continue;
    Remove(dead[i].second, "dead, and others need its place", /*unheard=*/true);
  }
}

void OriginRegistry::FindMoved(Index::const_iterator begin, Index::const_iterator end,
                               MonotonicTime now, std::vector<Superseded>& moved) const {
  const Entry* successor = nullptr;  // The one that was heard last.
  for (auto at = begin; at != end; ++at) {
    const Entry& entry = entries_.find(at->second)->second;
    if (entry.origin->permanent || !IsLive(entry, now)) continue;
    if (successor == nullptr || entry.rhythm.Silence(now) < successor->rhythm.Silence(now)) {
      successor = &entry;
    }
  }
  if (successor == nullptr) return;
  for (auto at = begin; at != end; ++at) {
    const Entry& entry = entries_.find(at->second)->second;
    if (!MayBeSuperseded(entry, now)) continue;
    moved.push_back({entry.origin->id, successor->origin->id});
  }
}

void OriginRegistry::SupersedeMoved(MonotonicTime now) {
  std::vector<Superseded> moved;
  for (auto at = ids_by_server_.begin(); at != ids_by_server_.end();) {
    const auto end = std::find_if(at, ids_by_server_.end(),
                                  [at](const auto& other) { return other.first != at->first; });
    if (std::next(at) != end) FindMoved(at, end, now, moved);
    at = end;
  }
  for (const auto& [former, successor, elsewhere] : moved) {
    const uint64_t generation = entries_.find(former)->second.origin->generation;
    if (!TrySupersede(former, successor)) continue;
    Entry& entry = entries_.find(successor)->second;
    Origin changed = *entry.origin;
    changed.generation = std::max(changed.generation, generation + 1);
    Update(entry, std::move(changed), absl::StrCat("supersedes ", former));
    Save(entry);
  }
}

void OriginRegistry::RestorePermanent() {
  for (const OriginRegistration& registration : permanent_) {
    const std::vector<std::string> addresses = RtmpAddresses(registration);
    std::vector<std::string> ended;  // It takes their place.
    bool served = false;
    for (const auto& [id, entry] : entries_) {
      if (id != registration.Id() && !ShareAddress(entry.addresses, addresses)) continue;
      served |= entry.lease_end.held();
      if (!entry.lease_end.held()) ended.push_back(id);
    }
    if (served) continue;
    Origin origin;
    origin.permanent = true;
    origin.source = "settings";
    origin.registered_at = clock_.WallNow();
    origin.registration = registration;
    const std::string backend = registration.Id();
    if (const auto same = entries_.find(backend); same != entries_.end()) {
      Remove(same, "the default backend of the settings takes its place");
    }
    Add(std::move(origin), {}, "the default backend of the settings");
    for (const std::string& former : ended) {
      if (former != backend) Supersede(former, backend);
    }
    start_settle_.PermanentJoined();
  }
}

void OriginRegistry::Save(const Entry& entry) {
  const Origin& origin = *entry.origin;
  store_.PutRecord({.registration = origin.registration,
                    .generation = origin.generation,
                    .lease_digests = entry.leases,
                    .source = origin.source,
                    .registered_at = origin.registered_at});
}

void OriginRegistry::Emit(OriginEvent::Kind kind, std::shared_ptr<const Origin> origin,
                          std::string reason) {
  pending_events_.push_back({kind, std::move(origin), std::move(reason)});
}

void OriginRegistry::Publish() {
  stale_ = true;
  const bool young = absl::FromChrono(clock_.Now() - published_at_) < options_.max_snapshot_age;
  if (pending_events_.empty() && young) return;
  PublishNow();
}

void OriginRegistry::PublishNow() {
  stale_ = false;
  published_at_ = clock_.Now();
  auto next = std::make_shared<OriginSnapshot>();
  next->origins.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) next->origins.push_back(entry.origin);
  if (successors_ == nullptr) {
    auto successors = std::make_shared<OriginSuccessors>();
    for (const auto& [former, successor, elsewhere] : superseded_) {
      successors->emplace(former, OriginSuccessor{successor, elsewhere});
    }
    successors_ = std::move(successors);
  }
  next->successors = successors_;
  next->version = ++version_;
  // Whatever matters to placement is an event, too.
  if (!pending_events_.empty()) ++shape_version_;
  next->shape_version = shape_version_;
  {
    const std::lock_guard lock(snapshot_mutex_);
    snapshot_ = std::move(next);
  }
  for (const OriginEvent& event : std::exchange(pending_events_, {})) {
    for (const auto& known : subscribers_) {
      if (const auto subscriber = known.lock()) subscriber->Call(event);
    }
  }
}

}  // namespace srsproxy
