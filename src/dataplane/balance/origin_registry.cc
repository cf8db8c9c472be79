#include "dataplane/balance/origin_registry.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/host.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

// A remembered origin that is alive is heard within this: SRS beats each 9 to 10 s.
constexpr auto kFirstRound = StartSettle::kWindow;

absl::Status NoLease() {
  return absl::NotFoundError(
      "no origin holds this lease: it has expired, was superseded or deregistered; register again");
}

// Two servers may have ids that read the same: "a-b" with service "c", and "a" with service "b-c".
absl::Status CheckSameId(const OriginEntry& existing, const std::string& server,
                         OriginRegistry::MayReplace may_replace, MonotonicTime now) {
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

}  // namespace

OriginRegistry::OriginRegistry(const Clock& clock, OriginStore& store,
                               OriginRegistryOptions options, const FleetBus* fleet)
    : clock_(clock),
      store_(store),
      overrides_(clock, store, fleet),
      traffic_(clock),
      options_(options),
      snapshots_(clock, options.max_snapshot_age),
      table_(clock, store, traffic_, snapshots_, options_),
      succession_(table_, traffic_),
      conflicts_(table_, snapshots_),
      expiry_(clock, store, traffic_, table_, options_),
      started_(clock.Now()),
      start_settle_(started_, options.start_settle) {
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
  OriginEntry& entry =
      table_.Add(std::move(origin), std::move(record.lease_digests), "known from the store");
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
  if (table_.Find(id) == nullptr && IsFull()) expiry_.KeepDead(0);
  OriginEntry* const existing = table_.Find(id);
  if (existing == nullptr && IsFull()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the limit of ", options_.max_origins, " origins is reached"));
  }
  OriginLease lease;
  lease.origin_id = id;
  lease.superseded = succession_.FindSuperseded(registration, now);
  const auto allowed = CheckPlaces(registration, existing, lease.superseded, may_replace, now);
  if (!allowed.ok()) return allowed;

  Origin origin;
  const std::vector<Loser> losers = FindLosers(registration, lease.superseded, origin.generation);
  origin.source = source;
  origin.registered_at = clock_.WallNow();
  origin.registration = std::move(registration);
  if (existing == nullptr) {
    table_.GiveLease(table_.Add(std::move(origin), {}, "registered"));
    start_settle_.OriginJoined(now);
  } else {
    lease.renewed = Renew(*existing, std::move(origin), now);
  }
  std::erase_if(lease.superseded,
                [&](const std::string& former) { return !succession_.TrySupersede(former, id); });

  const OriginEntry& entry = table_.At(id);
  for (const auto& [loser, interval] : losers) OnTakeover(entry, loser, interval, now);
  if (!lease.renewed) conflicts_.OnRegistered(entry, now);
  ++registrations_;
  lease.generation = entry.origin->generation;
  lease.lease_id = entry.leases.lease_id;
  lease.heartbeat_interval = AskedInterval(entry, options_);
  lease.ttl = options_.ttl;
  Publish();
  return lease;
}

absl::Status OriginRegistry::CheckPlaces(const OriginRegistration& registration,
                                         const OriginEntry* existing,
                                         const std::vector<std::string>& superseded,
                                         MayReplace may_replace, MonotonicTime now) const {
  if (existing != nullptr) {
    if (auto status = CheckSameId(*existing, registration.server, may_replace, now); !status.ok()) {
      return status;
    }
  }
  for (const std::string& former : superseded) {
    const std::string& server = table_.At(former).origin->registration.server;
    if (server != registration.server && !may_replace(server)) {
      return absl::PermissionDeniedError(
          absl::StrCat("one of the RTMP addresses is that of origin ", former, " of server ",
                       server, ", which the caller may not replace"));
    }
  }
  return absl::OkStatus();
}

std::vector<OriginRegistry::Loser> OriginRegistry::FindLosers(
    const OriginRegistration& registration, const std::vector<std::string>& superseded,
    uint64_t& generation) const {
  std::vector<Loser> losers;
  const std::vector<std::string> addresses = RtmpAddresses(registration);
  for (const std::string& former : superseded) {
    const OriginEntry& entry = table_.At(former);
    generation = std::max(generation, entry.origin->generation + 1);
    if (ShareAddress(entry.addresses, addresses)) {
      losers.emplace_back(RegistrantOf(entry), AskedInterval(entry, options_));
    }
  }
  return losers;
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
  OriginEntry* const leased = table_.FindLease(lease_id);
  if (leased == nullptr) return NoLease();
  OriginEntry& entry = *leased;
  const bool ignored = heartbeat.sequence != 0 && heartbeat.sequence <= entry.last_sequence;
  ++heartbeats_;
  if (!ignored) {
    if (heartbeat.sequence != 0) entry.last_sequence = heartbeat.sequence;
    entry.heartbeats.Heartbeat(now);
    const bool was_silent = !std::exchange(entry.lease_end, {}).held();
    entry.heard = true;
    Origin heard = *entry.origin;
    heard.load = heartbeat.load;
    table_.MarkHeard(heard, now);
    table_.Update(entry, std::move(heard), "heard again");
    if (was_silent) table_.Save(entry);
    Publish();
  }
  return HeartbeatReply{.origin_id = entry.origin->id,
                        .generation = entry.origin->generation,
                        .heartbeat_interval = AskedInterval(entry, options_),
                        .ttl = options_.ttl,
                        .admin_state = entry.origin->admin_state,
                        .ignored = ignored};
}

absl::StatusOr<OriginDeparture> OriginRegistry::DeregisterLease(std::string_view lease_id,
                                                                LiveSessions live) {
  const std::lock_guard lock(mutex_);
  const OriginEntry* const leased = table_.FindLease(lease_id);
  if (leased == nullptr) return NoLease();
  return Deregister(table_.entries().find(leased->origin->id), live, "deregistered by itself");
}

absl::StatusOr<OriginDeparture> OriginRegistry::DeregisterOrigin(std::string_view origin_id,
                                                                 LiveSessions live) {
  const std::lock_guard lock(mutex_);
  const auto at = table_.entries().find(origin_id);
  if (at == table_.entries().end()) {
    return absl::NotFoundError(absl::StrCat("no origin ", Quoted(origin_id), " is registered"));
  }
  if (at->second.origin->permanent) {
    return absl::FailedPreconditionError(absl::StrCat(
        "origin ", Quoted(origin_id),
        " is the default backend of this proxy's settings: unset PROXY_DEFAULT_BACKEND_ENABLED"));
  }
  return Deregister(at, live, "deregistered by an operator");
}

OriginDeparture OriginRegistry::Deregister(OriginTable::Entries::iterator at, LiveSessions live,
                                           std::string_view by) {
  OriginEntry& entry = at->second;
  const MonotonicTime now = clock_.Now();
  OriginDeparture departure{.origin_id = at->first,
                            .live = IsLive(entry, now),
                            .former_ids = table_.lineage().FormersOf(at->first)};
  departure.leaving = live == LiveSessions::kStay && !traffic_.Retire(at->first);
  if (departure.leaving) {
    table_.EndLeases(entry);
    store_.RemoveRecord(at->first);
    entry.lease_end = LeaseEnd(LeaseEnd::Cause::kDeregistered, now);
    Origin leaving = *entry.origin;
    leaving.health = OriginHealth::kLeaving;
    leaving.deregistered = true;
    table_.Update(entry, std::move(leaving),
                  absl::StrCat(ToAbsl(by), "; what is live on it stays"));
  } else {
    table_.Remove(at, std::string(by));
  }
  RestorePermanent();
  Publish();
  return departure;
}

void OriginRegistry::Evict(absl::FunctionRef<absl::Status(const OriginRegistration&)> check) {
  const std::lock_guard lock(mutex_);
  for (auto at = table_.entries().begin(); at != table_.entries().end();) {
    const auto next = std::next(at);
    const auto status =
        at->second.origin->permanent ? absl::OkStatus() : check(at->second.origin->registration);
    if (!status.ok()) table_.Remove(at, absl::StrCat("refused: ", status.message()));
    at = next;
  }
  RestorePermanent();
  Publish();
}

void OriginRegistry::OnDecision(const std::string& server, const OriginOverrides& overrides) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : table_.IdsOfServer(server)) {
    OriginEntry& entry = table_.At(id);
    Origin changed = *entry.origin;
    OperatorOverrides::Apply(changed, overrides);
    table_.Update(entry, std::move(changed), "set by an operator");
  }
  Publish();
}

std::shared_ptr<const OriginSnapshot> OriginRegistry::snapshot() const {
  return snapshots_.Current();
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
  snapshots_.PublishStale([this](OriginSnapshot& next) { table_.Fill(next); });
  return snapshots_.Current();
}

absl::Duration OriginRegistry::default_interval() const {
  const std::lock_guard lock(mutex_);
  return std::min(options_.heartbeat_interval, options_.ttl / 3);
}

std::vector<OriginConflict> OriginRegistry::Conflicts() const {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  return conflicts_.At(now);
}

OriginRegistryStats OriginRegistry::stats() const {
  const std::lock_guard lock(mutex_);
  return {.registrations = registrations_,
          .heartbeats = heartbeats_,
          .lease_expirations = expiry_.expirations(),
          .superseded = succession_.superseded(),
          .conflicts = conflicts_.count(),
          .self_preservation = expiry_.preserving()};
}

void OriginRegistry::ReportConnect(std::string_view origin_id, ConnectOutcome outcome) {
  const std::lock_guard lock(mutex_);
  OriginEntry* const known = table_.Find(origin_id);
  if (known == nullptr) return;
  OriginEntry& entry = *known;
  entry.passive_health.Report(outcome, options_.down_after_failures);
  if (entry.passive_health.down() == entry.origin->down) return;
  entry.passive_health.ProbeFrom(clock_.Now() + absl::ToChronoNanoseconds(options_.probe_interval));
  Origin changed = *entry.origin;
  changed.down = entry.passive_health.down();
  table_.Update(entry, std::move(changed),
                outcome == ConnectOutcome::kOk        ? "connected again"
                : outcome == ConnectOutcome::kRefused ? "refused a connection"
                : outcome == ConnectOutcome::kForbidden
                    ? "is at an address that is not connected to"
                    : "connections failed one after another");
  Publish();
}

std::optional<MonotonicTime> OriginRegistry::PlaceFrom() const {
  const std::lock_guard lock(mutex_);
  if (table_.entries().empty()) return std::nullopt;
  return start_settle_.PlaceFrom();
}

MonotonicTime OriginRegistry::ReadyFrom() const {
  const std::lock_guard lock(mutex_);
  return start_settle_.ReadyFrom();
}

std::optional<StartWait> OriginRegistry::WaitNow() const {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  return start_settle_.WaitAt(now, !table_.entries().empty());
}

std::vector<std::shared_ptr<const Origin>> OriginRegistry::TakeDueProbes() {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const Origin>> due;
  for (auto& [id, entry] : table_.entries()) {
    if (entry.origin->health == OriginHealth::kDead) continue;  // For a day, it may be.
    if (entry.passive_health.TakeProbe(now, options_.probe_interval)) due.push_back(entry.origin);
  }
  return due;
}

void OriginRegistry::Tick() {
  const MonotonicTime now = clock_.Now();
  const std::lock_guard lock(mutex_);
  succession_.SupersedeMoved(now);
  expiry_.Expire(now);
  expiry_.SettleEnded(now);
  ForgetExpected(now);
  conflicts_.Tick(now);
  expiry_.UpdateHealth(now);
  RestorePermanent();
  snapshots_.PublishPending([this](OriginSnapshot& next) { table_.Fill(next); });
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
  return snapshots_.Subscribe(std::move(callback));
}

OriginRegistry::Subscription OriginRegistry::AwaitFirstOrigin(absl::AnyInvocable<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    if (table_.entries().empty()) {
      return snapshots_.Subscribe([done = std::move(done)](const OriginEvent& event) mutable {
        if (event.kind != OriginEvent::Kind::kJoined || !done) return;
        auto once = std::exchange(done, nullptr);
        once();
      });
    }
  }
  done();
  return {};
}

void OriginRegistry::ForgetExpected(MonotonicTime now) {
  if (now - started_ < kFirstRound) return;
  for (auto& [id, entry] : table_.entries()) {
    if (!entry.origin->expected) continue;
    Origin changed = *entry.origin;
    changed.expected = false;
    table_.Update(entry, std::move(changed), "not heard since this proxy started");
  }
}

bool OriginRegistry::Renew(OriginEntry& entry, Origin renewed, MonotonicTime now) {
  const Origin& former = *entry.origin;
  std::vector<std::string> addresses = RtmpAddresses(renewed.registration);
  const bool same_address = ShareAddress(entry.addresses, addresses);
  const bool keeps_lease = !entry.leases.digests.empty() && former.source == renewed.source;
  const Registrant loser = RegistrantOf(entry);
  const bool was_live = IsLive(entry, now);
  renewed.id = former.id;
  renewed.load = former.load;
  renewed.generation =
      std::max(renewed.generation, same_address ? former.generation : former.generation + 1);
  if (same_address) {
    renewed.registered_at = former.registered_at;
  } else {
    entry.passive_health = {};
  }
  renewed.down = entry.passive_health.down();
  if (!keeps_lease) table_.EndLeases(entry);
  const bool to_save = renewed.generation != former.generation ||
                       renewed.registration != former.registration || !entry.lease_end.held();
  table_.Reindex(entry, renewed.registration.server, std::move(addresses));
  entry.last_sequence = 0;
  entry.lease_end = {};
  entry.heartbeats.Touch(now);
  entry.heard = true;
  if (const auto told = renewed.registration.heartbeat_interval)
    entry.heartbeats.SetInterval(*told);
  table_.MarkHeard(renewed, now);
  OperatorOverrides::Apply(renewed, store_.Overrides(renewed.registration.server));
  table_.Update(entry, std::move(renewed), same_address ? "renewed" : "moved to another address");
  if (entry.leases.lease_id.empty()) {
    table_.GiveLease(entry);
  } else if (to_save) {
    table_.Save(entry);
  }
  const bool contested = !loser.source.empty() && loser != RegistrantOf(entry) &&
                         OnTakeover(entry, loser, AskedInterval(entry, options_), now);
  if (!contested && !same_address && was_live) {
    conflicts_.Report(entry, loser.address, entry.addresses.front());
  }
  return same_address;
}

void OriginRegistry::RestorePermanent() {
  for (const OriginRegistration& registration : permanent_) {
    const std::vector<std::string> addresses = RtmpAddresses(registration);
    std::vector<std::string> ended;  // It takes their place.
    bool served = false;
    for (const auto& [id, entry] : table_.entries()) {
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
    if (const auto same = table_.entries().find(backend); same != table_.entries().end()) {
      table_.Remove(same, "the default backend of the settings takes its place");
    }
    table_.Add(std::move(origin), {}, "the default backend of the settings");
    for (const std::string& former : ended) {
      if (former != backend) succession_.Supersede(former, backend);
    }
    start_settle_.PermanentJoined();
  }
}

bool OriginRegistry::OnTakeover(const OriginEntry& winner, const Registrant& loser,
                                absl::Duration interval, MonotonicTime now) {
  return conflicts_.OnTakeover(winner, loser, std::max(interval, AskedInterval(winner, options_)),
                               now);
}

void OriginRegistry::Publish() {
  snapshots_.Publish([this](OriginSnapshot& next) { table_.Fill(next); });
}

}  // namespace srsproxy
