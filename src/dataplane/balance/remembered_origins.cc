#include "dataplane/balance/remembered_origins.h"

#include <algorithm>
#include <utility>

#include "dataplane/balance/lease_end.h"

namespace srsproxy {
namespace {

// A remembered origin that is alive sends a heartbeat within this: SRS beats each 9 to 10 s.
constexpr auto kFirstRound = StartSettle::kWindow;

}  // namespace

void RememberedOrigins::TakeOver() {
  for (OriginRecord& record : needs_.store.Records()) Remember(std::move(record));
}

void RememberedOrigins::Remember(OriginRecord record) {
  if (needs_.table.Find(record.registration.Id()) != nullptr) return;
  if (record.leaving || needs_.table.entries().size() >= needs_.options.max_origins) return;
  added_at_ = needs_.clock.Now();
  LeaseEnd ended;
  if (record.silent_since.has_value()) {
    const MonotonicTime now = needs_.clock.Now();
    const absl::Time wall = needs_.clock.WallNow();
    // A time that is still to come was never true; counted anew at each start it would never end.
    if (*record.silent_since > wall) needs_.store.RecordSilent(record.registration.Id(), wall);
    const absl::Duration since = std::max(wall - *record.silent_since, absl::ZeroDuration());
    ended = LeaseEnd(LeaseEnd::Cause::kSilence, now - absl::ToChronoNanoseconds(since));
    const auto outcome = ended.OutcomeAt(now, /*in_use=*/false, needs_.options.keep_dead);
    if (outcome == LeaseEnd::Outcome::kForgotten) {
      return needs_.store.RecordExpired(record.registration.Id());
    }
  }
  Origin origin;
  origin.generation = record.generation;
  origin.source = std::move(record.source);
  origin.registered_at = record.registered_at;
  origin.registration = std::move(record.registration);
  OriginEntry& entry =
      needs_.table.Add(std::move(origin), std::move(record.lease_digests), "known from the store");
  entry.confirmed = false;
  Origin remembered = *entry.origin;
  remembered.health = ended.held() ? OriginHealth::kSuspect : OriginHealth::kDead;
  remembered.expected = ended.held();
  remembered.heartbeat_at = absl::InfinitePast();
  if (!ended.held()) {
    remembered.last_seen = ended.since() - absl::ToChronoNanoseconds(needs_.options.ttl);
  }
  entry.origin = std::make_shared<const Origin>(std::move(remembered));
  entry.lease_end = ended;
  needs_.start_settle.Remembered();
}

void RememberedOrigins::ForgetExpected(MonotonicTime now) {
  if (now - added_at_ < kFirstRound) return;
  for (auto& [id, entry] : needs_.table.entries()) {
    if (!entry.origin->expected) continue;
    Origin changed = *entry.origin;
    changed.expected = false;
    needs_.table.Update(entry, std::move(changed), "not heard since it was remembered");
  }
}

}  // namespace srsproxy
