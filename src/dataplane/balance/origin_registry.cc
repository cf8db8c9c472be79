#include "dataplane/balance/origin_registry.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/core/host.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

absl::Status NoLease() {
  return absl::NotFoundError(
      "no origin holds this lease: it has expired, was superseded or deregistered; register again");
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
      start_settle_(clock.Now(), options.start_settle),
      remembered_({.clock = clock,
                   .store = store,
                   .table = table_,
                   .start_settle = start_settle_,
                   .options = options_}),
      registrar_({.clock = clock,
                  .store = store,
                  .table = table_,
                  .succession = succession_,
                  .conflicts = conflicts_,
                  .expiry = expiry_,
                  .start_settle = start_settle_,
                  .options = options_}),
      shared_({.clock = clock,
               .store = store,
               .traffic = traffic_,
               .table = table_,
               .succession = succession_,
               .expiry = expiry_,
               .remembered = remembered_,
               .start_settle = start_settle_,
               .options = options_}),
      backends_(clock, table_, succession_, start_settle_),
      overrides_changes_(
          store.Subscribe([this](const std::string& server, const OriginOverrides& overrides) {
            OnDecision(server, overrides);
          })),
      record_changes_(store.SubscribeRecords(*this)) {
  store_.SetTtl(options.ttl);
  const std::lock_guard lock(mutex_);
  remembered_.TakeOver();
  Publish();
}

absl::StatusOr<OriginLease> OriginRegistry::Register(OriginRegistration registration,
                                                     std::string_view source,
                                                     MayReplace may_replace) {
  const std::lock_guard lock(mutex_);
  auto lease = registrar_.Register(std::move(registration), source, may_replace);
  if (!lease.ok()) return lease;
  store_.RecordBeat({.origin_id = lease->origin_id, .registered = true});
  Publish();
  return lease;
}

absl::Status OriginRegistry::RegisterPermanent(OriginRegistration registration) {
  if (auto status = ValidateRegistration(registration); !status.ok()) return status;
  registration.ip = CanonicalHost(registration.ip);
  const std::lock_guard lock(mutex_);
  backends_.Add(std::move(registration));
  backends_.Restore();
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
    entry.confirmed = true;
    Origin alive = *entry.origin;
    alive.load = heartbeat.load;
    table_.MarkAlive(alive, now);
    table_.Update(entry, std::move(alive), "heard again");
    if (was_silent) table_.Save(entry);
    store_.RecordBeat({.origin_id = entry.origin->id, .load = heartbeat.load});
    Publish();
  }
  return HeartbeatReply{.origin_id = entry.origin->id,
                        .generation = entry.origin->generation,
                        .heartbeat_interval = RequestedInterval(entry, options_),
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
  OriginDeparture departure{.origin_id = at->first,
                            .live = IsLive(entry, clock_.Now()),
                            .former_ids = table_.lineage().FormersOf(at->first)};
  departure.leaving = live == LiveSessions::kStay && !traffic_.Retire(at->first);
  if (departure.leaving) {
    table_.Leave(entry, by);
  } else {
    table_.Remove(at, std::string(by), {.at_once = live == LiveSessions::kAreKicked});
  }
  backends_.Restore();
  Publish();
  return departure;
}

void OriginRegistry::Evict(absl::FunctionRef<absl::Status(const OriginRegistration&)> check) {
  const std::lock_guard lock(mutex_);
  for (auto at = table_.entries().begin(); at != table_.entries().end();) {
    const auto next = std::next(at);
    const auto status =
        at->second.origin->permanent ? absl::OkStatus() : check(at->second.origin->registration);
    if (!status.ok()) {
      table_.Remove(at, absl::StrCat("refused: ", status.message()), {.at_once = true});
    }
    at = next;
  }
  backends_.Restore();
  Publish();
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
  return {.registrations = registrar_.registrations(),
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
  table_.Update(entry, std::move(changed), PassiveHealth::ReasonOf(outcome));
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
  expiry_.ReportInUse(now);
  expiry_.SettleEnded(now);
  remembered_.ForgetExpected(now);
  conflicts_.Tick(now);
  expiry_.UpdateHealth(now);
  backends_.Restore();
  snapshots_.PublishPending([this](OriginSnapshot& next) { table_.Fill(next); });
}

Subscription OriginRegistry::Subscribe(EventCallback callback) {
  const std::lock_guard lock(mutex_);
  return snapshots_.Subscribe(std::move(callback));
}

Subscription OriginRegistry::AwaitFirstOrigin(absl::AnyInvocable<void()> done) {
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

void OriginRegistry::Publish() {
  snapshots_.Publish([this](OriginSnapshot& next) { table_.Fill(next); });
}

}  // namespace srsproxy
