// How the table shows what a shared store decides: its records, and how sessions join them.
#include <utility>

#include "dataplane/directory/store_status.h"
#include "dataplane/directory/stream_path.h"
#include "dataplane/directory/stream_table.h"

namespace srsproxy {

std::optional<StreamTable::KnownClaim> StreamTable::JoinKnown(const ClaimRequest& request) {
  if (stopped_ || request.role != Role::kViewer) return std::nullopt;
  Shard& shard = ShardOf(request.key);
  const std::lock_guard lock(shard.mutex);
  Entry* entry = FindEntry(shard, request.key);
  if (entry == nullptr || entry->provisional || entry->version == request.replaces_version) {
    return std::nullopt;
  }
  KnownClaim claim{.outcome = AddSession(shard, *entry, request.role, /*granted=*/false)};
  claim.covered = entry->is_covered();
  return claim;
}

void StreamTable::SetCovered(const StreamKey& key, SessionRange sessions) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Entry* entry = FindEntry(shard, key);
  if (entry != nullptr) entry->covered = sessions;
}

absl::StatusOr<ClaimOutcome> StreamTable::JoinRecord(const ClaimRequest& request,
                                                     const StreamRecord& record, bool granted,
                                                     const StreamChange& change) {
  if (stopped_) return StoreStopped();
  ClaimOutcome outcome;
  const absl::Status room = WithEntry(request.key, [&](Shard& shard, Entry& entry) {
    ApplyTo(shard, entry, record, change);
    outcome = AddSession(shard, entry, request.role, granted);
  });
  if (!room.ok()) return room;
  return outcome;
}

bool StreamTable::Apply(const StreamRecord& record, const StreamChange& change) {
  if (stopped_) return false;
  bool used_here = false;
  const auto apply = [&](Shard& shard, Entry& entry) {
    used_here = ApplyTo(shard, entry, record, change);
  };
  // What nobody is notified of may be older than what the feed has brought, its end too.
  if (change.removed || !change.reason.has_value()) {
    Shard& shard = ShardOf(record.key);
    const std::lock_guard lock(shard.mutex);
    Entry* entry = FindEntry(shard, record.key);
    if (entry != nullptr) apply(shard, *entry);
  } else if (!WithEntry(record.key, apply).ok()) {
    return false;
  }
  return used_here;
}

void StreamTable::Refresh(const StreamRecord& record, bool silent) {
  const absl::Status room = WithEntry(record.key, [&](Shard& shard, Entry& entry) {
    entry.refreshed = round_;
    const bool same = entry.origin != nullptr && entry.version == record.version &&
                      entry.revision == record.revision;
    if (same && !shard.believed.contains(&entry)) return;
    const StreamChange learned = LearnedOf(shard, entry, record);
    Show(shard, entry, record);
    if (silent) {
      entry.announced = true;
    } else {
      Announce(entry, record, learned);
    }
  });
  // A copy for which there is no room is left out.
  room.IgnoreError();
}

std::vector<StreamKey> StreamTable::ForgetUnseen() {
  std::vector<StreamKey> used_here;
  for (size_t i = 0; i < kShards; ++i) {
    Shard& shard = shards_[i];
    const std::lock_guard lock(shard.mutex);
    for (auto at = shard.entries.begin(); at != shard.entries.end();) {
      Entry& entry = (at++)->second;
      if (entry.refreshed == round_ || entry.origin == nullptr) continue;
      if (entry.used_here()) used_here.push_back(KeyOfStreamPath(*entry.path));
      // Nobody but who uses it has to know.
      if (entry.used_here() && entry.provisional) continue;
      const StreamChange gone{
          .reason = StreamEventReason::kLearned, .removed = true, .here = false};
      Announce(entry, RecordOf(shard, entry), gone);
      Forget(shard, entry, gone);
    }
  }
  return used_here;
}

StreamMapping StreamTable::MappingOf(const StreamRecord& record) const {
  Shard& shard = ShardOf(record.key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = FindEntry(shard, record.key);
  const Entry nobody;
  return ToMapping(record, entry == nullptr ? nobody : *entry);
}

void StreamTable::ForgetUnused(const StreamKey& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Entry* entry = FindEntry(shard, key);
  if (entry == nullptr || entry->used_here() || entry->fed) return;
  const StreamChange gone{.reason = StreamEventReason::kLastSessionEnded, .removed = true};
  Announce(*entry, RecordOf(shard, *entry), gone);
  Forget(shard, *entry, gone);
}

bool StreamTable::IsFed(const StreamKey& key) const {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = FindEntry(shard, key);
  return entry != nullptr && entry->fed;
}

StreamRecord StreamTable::RecordOf(const Shard& shard, const Entry& entry) {
  const StreamMapping mapping = ToMapping(shard, entry);
  return {.key = mapping.key,
          .origin_id = mapping.origin_id,
          .version = entry.version,
          .revision = entry.revision,
          .placed_version = entry.placed_version,
          .rank = entry.rank,
          .claimed_at = mapping.claimed_at,
          .retain_when_idle = entry.retain_when_idle,
          .flows = !entry.provisional,
          .fed = true,
          .live = mapping.publisher_live,
          .used = entry.used_anywhere,
          .pending = mapping.pending};
}

StreamMapping StreamTable::ToMapping(const StreamRecord& record, const Entry& entry) {
  return {.key = record.key,
          .origin_id = record.origin_id,
          .version = record.version,
          .provisional = !record.flows,
          .publisher_live = record.live,
          .publishers = entry.publishers,
          .viewers = entry.viewers,
          .used_elsewhere = record.used,
          .claimed_at = record.claimed_at,
          .pending = record.pending};
}

bool StreamTable::ApplyTo(Shard& shard, Entry& entry, const StreamRecord& record,
                          StreamChange change) {
  const bool was_alone = entry.alone && !record.alone;
  const bool is_new =
      entry.origin == nullptr || was_alone || record.IsAfter(entry.version, entry.revision);
  if (change.removed) {
    const bool used_here = entry.used_here();
    if (change.reason.has_value()) Announce(entry, record, change);
    if (is_new) Forget(shard, entry, change);
    return used_here;
  }
  const StreamChange learned = was_alone ? LearnedOf(shard, entry, record) : StreamChange();
  if (!was_alone) AddDeparture(shard, entry, record, change);
  if (is_new) Show(shard, entry, record);
  if (change.reason.has_value()) Announce(entry, record, change);
  if (was_alone && (!change.reason.has_value() || !learned.former_origin_id.empty())) {
    Announce(entry, record, learned);
  }
  return entry.used_here();
}

void StreamTable::AddDeparture(Shard& shard, const Entry& entry, const StreamRecord& record,
                               StreamChange& change) {
  if (!change.former_origin_id.empty()) {
    shard.believed.erase(&entry);
    return;
  }
  if (entry.origin == nullptr || record.alone || record.version < entry.version) return;
  const auto believed = shard.believed.find(&entry);
  const std::string& from =
      believed == shard.believed.end() ? entry.origin->first : believed->second;
  if (from == record.origin_id) return;
  if (change.reason.has_value()) {
    change.former_origin_id = from;
    shard.believed.erase(&entry);
  } else if (record.fed) {
    shard.believed.try_emplace(&entry, from);
  } else {
    change = LearnedOf(shard, entry, record);
  }
}

StreamChange StreamTable::LearnedOf(Shard& shard, const Entry& entry, const StreamRecord& record) {
  StreamChange learned{.reason = StreamEventReason::kLearned};
  auto believed = shard.believed.extract(&entry);
  std::string former;
  if (entry.origin != nullptr) former = believed ? believed.mapped() : entry.origin->first;
  if (former != record.origin_id) learned.former_origin_id = std::move(former);
  // Where this proxy has placed it by itself, its sessions are apart from all others'.
  learned.here = entry.alone && !learned.former_origin_id.empty();
  return learned;
}

void StreamTable::Show(Shard& shard, Entry& entry, const StreamRecord& record) {
  const bool counts_change = entry.origin == nullptr || entry.origin->first != record.origin_id ||
                             entry.used_anywhere != record.used ||
                             entry.live_anywhere != record.live;
  if (counts_change) LeaveOrigin(shard, entry);
  entry.version = record.version;
  entry.revision = record.revision;
  entry.placed_version = record.placed_version;
  entry.rank = record.rank;
  entry.claimed_at_ns = absl::ToUnixNanos(record.claimed_at);
  entry.provisional = !record.flows;
  entry.retain_when_idle = record.retain_when_idle;
  entry.used_anywhere = record.used;
  entry.live_anywhere = record.live;
  entry.alone = record.alone;
  entry.fed = record.fed;
  if (counts_change) EnterOrigin(shard, entry, record.origin_id);
  if (record.pending.has_value()) {
    shard.pending[&entry] = *record.pending;
    entry.pending = true;
  } else {
    DropPending(shard, entry);
  }
  if (entry.in_use()) {
    UnmarkIdle(shard, entry);
  } else {
    LinkIdle(shard, entry);
  }
}

// What sessions of this proxy use is shown on, unless it was released: the store is to have it
// back.
void StreamTable::Forget(Shard& shard, Entry& entry, const StreamChange& change) {
  DropPending(shard, entry);
  const bool keeps = entry.used_here() && change.reason != StreamEventReason::kReleased;
  const std::string origin_id = entry.origin->first;
  LeaveOrigin(shard, entry);
  entry.used_anywhere = false;
  entry.live_anywhere = false;
  entry.fed = false;
  entry.covered = {};
  if (keeps) {
    EnterOrigin(shard, entry, origin_id);
  } else if (!entry.used_here()) {
    Erase(shard, entry);
  }
}

void StreamTable::Announce(Entry& entry, const StreamRecord& record, const StreamChange& change) {
  const bool known = std::exchange(entry.announced, !change.removed);
  const bool places =
      change.former_origin_id.empty() && (change.reason == StreamEventReason::kToBePublished ||
                                          change.reason == StreamEventReason::kToBeViewed);
  if (stopped_ || (change.removed ? !known : known && places)) return;
  StreamEvent event;
  event.kind = change.removed ? StreamEvent::Kind::kRemoved
               : known        ? StreamEvent::Kind::kChanged
                              : StreamEvent::Kind::kPlaced;
  event.mapping = ToMapping(record, entry);
  event.former_origin_id = change.former_origin_id;
  event.reason = *change.reason;
  event.cause = change.cause;
  event.here = change.here;
  observers_.ForEach([&](StreamObserver* observer) { observer->OnStreamEvent(event); });
}

}  // namespace srsproxy
