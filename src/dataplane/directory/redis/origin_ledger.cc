#include "dataplane/directory/redis/origin_ledger.h"

#include <algorithm>
#include <utility>

namespace srsproxy::redis {

void OriginLedger::SetToWrite(Entry& entry, bool to_write) {
  if (entry.to_write == to_write) return;
  entry.to_write = to_write;
  to_write_ += to_write ? 1 : -1;
}

void OriginLedger::SetOnItsWay(Entry& entry, bool on_its_way) {
  if (entry.on_its_way == on_its_way) return;
  entry.on_its_way = on_its_way;
  on_their_way_ += on_its_way ? 1 : -1;
}

void OriginLedger::SetRecord(Entry& entry, std::optional<OriginRecord> record) {
  if (entry.record.has_value() != record.has_value()) ++shape_;
  entry.record = std::move(record);
}

void OriginLedger::Erase(Entries::iterator at) {
  SetToWrite(at->second, false);
  SetOnItsWay(at->second, false);
  SetRecord(at->second, std::nullopt);
  entries_.erase(at);
}

void OriginLedger::Put(const OriginRecord& record) {
  const std::string id = record.registration.Id();
  Entry& entry = entries_[id];
  if (!record.leaving) {
    ended_.Forget(id);
  } else if (entry.record.has_value() && !entry.record->leaving) {
    ended_.Add(*entry.record);
  }
  SetRecord(entry, record);
  entry.end = {};
  SetToWrite(entry, true);
  touched_.insert(id);
}

void OriginLedger::End(std::string_view id, const OriginEnd& end) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.record.has_value()) return;
  touched_.emplace(id);
  Entry& entry = at->second;
  const bool never_written = entry.to_write && !entry.on_its_way && entry.revision == 0;
  if (never_written) return Erase(at);
  if (!entry.record->leaving) ended_.Add(*entry.record);
  SetRecord(entry, std::nullopt);
  entry.end = end;
  SetToWrite(entry, true);
}

bool OriginLedger::EndAgain(const OriginRecord& record, uint64_t revision) {
  // Where sessions are live on it, it leaves by and by.
  if (record.leaving || !ended_.Take(record)) return false;
  const std::string id = record.registration.Id();
  touched_.insert(id);
  Entry& entry = entries_[id];
  SetRecord(entry, std::nullopt);
  entry.revision = revision;
  SetToWrite(entry, true);
  return true;
}

void OriginLedger::Hide(std::string_view id) {
  const auto at = entries_.find(id);
  // An end that is still to be written is no less true.
  if (at != entries_.end() && at->second.record.has_value()) Erase(at);
}

std::vector<OriginLedger::Write> OriginLedger::TakeWrites(size_t limit) {
  std::vector<Write> writes;
  if (to_write_ == 0) return writes;
  for (auto& [id, entry] : entries_) {
    if (writes.size() == limit || to_write_ == 0) break;
    if (!entry.to_write || entry.on_its_way) continue;
    SetToWrite(entry, false);
    SetOnItsWay(entry, true);
    Write write{.id = id, .record = entry.record, .end = entry.end, .expected = std::nullopt};
    if (GivesWay(entry) && entry.revision != 0) write.expected = entry.revision;
    writes.push_back(std::move(write));
  }
  return writes;
}

std::optional<FedOrigin> OriginLedger::Written(const std::string& id,
                                               std::optional<RegisterAnswer> answer) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return std::nullopt;
  Entry& entry = at->second;
  SetOnItsWay(entry, false);
  touched_.insert(id);
  if (!answer.has_value()) {
    SetToWrite(entry, true);
    return std::nullopt;
  }
  if (!answer->newer) entry.revision = std::max(entry.revision, answer->revision);
  const std::optional<FedOrigin> meanwhile = std::exchange(entry.meanwhile, std::nullopt);
  if (entry.to_write) return std::nullopt;
  if (meanwhile.has_value() && meanwhile->revision > entry.revision) {
    if (meanwhile->record.has_value() && EndAgain(*meanwhile->record, meanwhile->revision)) {
      return std::nullopt;
    }
    Apply(*meanwhile);
    return meanwhile;
  }
  // What is newer than this end comes by the feed.
  if (!entry.record.has_value()) Erase(at);
  return std::nullopt;
}

void OriginLedger::Apply(const FedOrigin& fed) {
  touched_.insert(fed.id);
  if (!fed.record.has_value()) {
    const auto at = entries_.find(fed.id);
    if (at != entries_.end()) Erase(at);
    return;
  }
  Entry& entry = entries_[fed.id];
  SetRecord(entry, fed.record);
  SetToWrite(entry, false);
  entry.end = {};
  entry.revision = fed.revision;
}

bool OriginLedger::Take(const FedOrigin& fed, bool here) {
  const auto at = entries_.find(fed.id);
  if (at == entries_.end()) {
    if (here || !fed.record.has_value() || EndAgain(*fed.record, fed.revision)) return false;
    Apply(fed);
    return true;
  }
  Entry& entry = at->second;
  if (fed.revision <= entry.revision) return false;
  if (here) {
    entry.revision = fed.revision;
    return false;
  }
  if (entry.on_its_way) {
    entry.meanwhile = fed;
    return false;
  }
  if (entry.to_write && !GivesWay(entry)) return false;
  if (fed.record.has_value() && EndAgain(*fed.record, fed.revision)) return false;
  Apply(fed);
  return true;
}

void OriginLedger::TakeFound(const std::string& id, KeptRecord kept, Found& found) {
  auto at = entries_.find(id);
  if (at == entries_.end()) {
    if (touched_.contains(id) || EndAgain(kept.record, kept.revision)) return;
    at = entries_.emplace(id, Entry{}).first;
  } else if (at->second.to_write || at->second.on_its_way || kept.revision < at->second.revision) {
    return;
  }
  Entry& entry = at->second;
  entry.revision = kept.revision;
  if (entry.record == kept.record) return;
  found.put.push_back(kept.record);
  SetRecord(entry, std::move(kept.record));
}

OriginLedger::Found OriginLedger::TakeAll(std::map<std::string, KeptRecord, std::less<>> origins,
                                          MonotonicTime since, bool keeps_missing) {
  Found found;
  for (auto next = entries_.begin(); next != entries_.end();) {
    const auto at = next++;
    Entry& entry = at->second;
    const auto kept = origins.find(at->first);
    // Of what srsproxies have written, the Go proxy's part alone is not all of it.
    const bool missing =
        kept == origins.end() || (kept->second.revision == 0 && entry.revision != 0);
    if (!missing || entry.to_write || entry.on_its_way || touched_.contains(at->first)) continue;
    if (entry.heard_here >= since) {
      SetToWrite(entry, true);
    } else if (kept == origins.end() && !keeps_missing) {
      found.removed.push_back(at->first);
      Erase(at);
    }
  }
  for (auto& [id, kept] : origins) TakeFound(id, std::move(kept), found);
  return found;
}

bool OriginLedger::Touch(std::string_view id, bool here, MonotonicTime now) {
  const auto at = entries_.find(id);
  if (at == entries_.end()) return false;
  at->second.heard = now;
  if (here) at->second.heard_here = now;
  return true;
}

void OriginLedger::Refreshed(std::string_view id, MonotonicTime now) {
  const auto at = entries_.find(id);
  if (at != entries_.end()) at->second.refreshed = now;
}

bool OriginLedger::TakeRefresh(std::string_view id, MonotonicTime now, absl::Duration period) {
  const auto at = entries_.find(id);
  if (at == entries_.end() || !at->second.record.has_value()) return false;
  Entry& entry = at->second;
  if (now - entry.refreshed < absl::ToChronoNanoseconds(period)) return false;
  entry.refreshed = now;
  return true;
}

void OriginLedger::Missing(std::string_view id) {
  const auto at = entries_.find(id);
  if (at != entries_.end() && at->second.record.has_value()) SetToWrite(at->second, true);
}

const OriginRecord* OriginLedger::Find(std::string_view id) const {
  const auto at = entries_.find(id);
  return at == entries_.end() || !at->second.record.has_value() ? nullptr : &*at->second.record;
}

std::vector<OriginRecord> OriginLedger::Records() const {
  std::vector<OriginRecord> records;
  for (const auto& [id, entry] : entries_) {
    if (entry.record.has_value()) records.push_back(*entry.record);
  }
  return records;
}

std::vector<std::string> OriginLedger::Ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) {
    if (entry.record.has_value()) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> OriginLedger::TakeQuiet(MonotonicTime since, MonotonicTime now,
                                                 absl::Duration period, size_t limit) {
  std::vector<std::string> ids;
  for (auto& [id, entry] : entries_) {
    if (ids.size() == limit) break;
    if (!entry.record.has_value() || entry.heard >= since) continue;
    if (now - entry.looked_at < absl::ToChronoNanoseconds(period)) continue;
    entry.looked_at = now;
    ids.push_back(id);
  }
  return ids;
}

}  // namespace srsproxy::redis
