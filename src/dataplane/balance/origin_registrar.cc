#include "dataplane/balance/origin_registrar.h"

#include <algorithm>

#include <absl/strings/str_cat.h>

#include "dataplane/balance/operator_overrides.h"
#include "dataplane/core/host.h"

namespace srsproxy {
namespace {

// Two servers may have ids that read the same: "a-b" with service "c", and "a" with service "b-c".
absl::Status CheckSameId(const OriginEntry& existing, const std::string& server,
                         OriginRegistrar::MayReplace may_replace, MonotonicTime now) {
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

absl::StatusOr<OriginLease> OriginRegistrar::Register(OriginRegistration registration,
                                                      std::string_view source,
                                                      MayReplace may_replace) {
  registration.ip = CanonicalHost(registration.ip);
  const std::string id = registration.Id();
  const MonotonicTime now = needs_.clock.Now();

  if (needs_.table.Find(id) == nullptr && IsFull()) needs_.expiry.KeepDead(0);
  OriginEntry* const existing = needs_.table.Find(id);
  if (existing == nullptr && IsFull()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the limit of ", needs_.options.max_origins, " origins is reached"));
  }
  OriginLease lease;
  lease.origin_id = id;
  lease.superseded = needs_.succession.FindSuperseded(registration, now);
  const auto allowed = CheckPlaces(registration, existing, lease.superseded, may_replace, now);
  if (!allowed.ok()) return allowed;

  Origin origin;
  const std::vector<Loser> losers = FindLosers(registration, lease.superseded, origin.generation);
  origin.source = source;
  origin.registered_at = needs_.clock.WallNow();
  origin.registration = std::move(registration);
  if (existing == nullptr) {
    OriginEntry& added = needs_.table.Add(std::move(origin), {}, "registered");
    needs_.table.GiveLease(added);
    needs_.table.Save(added);
    needs_.start_settle.OriginJoined(now);
  } else {
    lease.renewed = Renew(*existing, std::move(origin), now);
  }
  std::erase_if(lease.superseded, [&](const std::string& former) {
    return !needs_.succession.TrySupersede(former, id);
  });

  const OriginEntry& entry = needs_.table.At(id);
  for (const auto& [loser, interval] : losers) OnTakeover(entry, loser, interval, now);
  if (!lease.renewed) needs_.conflicts.OnRegistered(entry, now);
  ++registrations_;
  lease.generation = entry.origin->generation;
  lease.lease_id = entry.leases.lease_id;
  lease.heartbeat_interval = RequestedInterval(entry, needs_.options);
  lease.ttl = needs_.options.ttl;
  return lease;
}

absl::Status OriginRegistrar::CheckPlaces(const OriginRegistration& registration,
                                          const OriginEntry* existing,
                                          const std::vector<std::string>& superseded,
                                          MayReplace may_replace, MonotonicTime now) const {
  if (existing != nullptr) {
    if (auto status = CheckSameId(*existing, registration.server, may_replace, now); !status.ok()) {
      return status;
    }
  }
  for (const std::string& former : superseded) {
    const std::string& server = needs_.table.At(former).origin->registration.server;
    if (server != registration.server && !may_replace(server)) {
      return absl::PermissionDeniedError(
          absl::StrCat("one of the RTMP addresses is that of origin ", former, " of server ",
                       server, ", which the caller may not replace"));
    }
  }
  return absl::OkStatus();
}

std::vector<OriginRegistrar::Loser> OriginRegistrar::FindLosers(
    const OriginRegistration& registration, const std::vector<std::string>& superseded,
    uint64_t& generation) const {
  std::vector<Loser> losers;
  const std::vector<std::string> addresses = RtmpAddresses(registration);
  for (const std::string& former : superseded) {
    const OriginEntry& entry = needs_.table.At(former);
    generation = std::max(generation, entry.origin->generation + 1);
    if (ShareAddress(entry.addresses, addresses)) {
      losers.emplace_back(RegistrantOf(entry), RequestedInterval(entry, needs_.options));
    }
  }
  return losers;
}

bool OriginRegistrar::Renew(OriginEntry& entry, Origin renewed, MonotonicTime now) {
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
  if (!keeps_lease) needs_.table.EndLeases(entry);
  bool to_save = renewed.generation != former.generation ||
                 renewed.registration != former.registration || !entry.lease_end.held();
  needs_.table.Reindex(entry, renewed.registration.server, std::move(addresses));
  entry.last_sequence = 0;
  entry.lease_end = {};
  entry.heartbeats.Touch(now);
  entry.confirmed = true;
  if (const auto interval = renewed.registration.heartbeat_interval)
    entry.heartbeats.SetInterval(*interval);
  needs_.table.MarkAlive(renewed, now);
  OperatorOverrides::Apply(renewed, needs_.store.Overrides(renewed.registration.server));
  needs_.table.Update(entry, std::move(renewed),
                      same_address ? "renewed" : "moved to another address");
  if (entry.leases.lease_id.empty()) to_save |= needs_.table.GiveLease(entry);
  if (to_save) needs_.table.Save(entry);
  const bool contested = !loser.source.empty() && loser != RegistrantOf(entry) &&
                         OnTakeover(entry, loser, RequestedInterval(entry, needs_.options), now);
  if (!contested && !same_address && was_live) {
    needs_.conflicts.Report(entry, loser.address, entry.addresses.front());
  }
  return same_address;
}

bool OriginRegistrar::OnTakeover(const OriginEntry& winner, const Registrant& loser,
                                 absl::Duration interval, MonotonicTime now) {
  return needs_.conflicts.OnTakeover(
      winner, loser, std::max(interval, RequestedInterval(winner, needs_.options)), now);
}

}  // namespace srsproxy
