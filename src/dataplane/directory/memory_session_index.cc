#include "dataplane/directory/memory_session_index.h"

#include <utility>

namespace srsproxy {

MemorySessionIndex::MemorySessionIndex(const Clock& clock, size_t max_ids)
    : clock_(clock), max_ids_(max_ids) {}

void MemorySessionIndex::PutHls(std::string id, const StreamKey& key) {
  const std::lock_guard lock(mutex_);
  const auto at = by_id_.find(id);
  if (at != by_id_.end()) {
    if (at->second->key != key) at->second->key = key;
    Use(at->second);
  } else {
    entries_.push_back({id, key, clock_.Now()});
    by_id_.emplace(std::move(id), std::prev(entries_.end()));
  }
  ForgetOld();
}

void MemorySessionIndex::FindHls(std::string id, FoundCallback done) {
  std::optional<StreamKey> key;
  {
    const std::lock_guard lock(mutex_);
    ForgetOld();
    const auto at = by_id_.find(id);
    if (at != by_id_.end()) {
      key = at->second->key;
      Use(at->second);
    }
  }
  done(std::move(key));
}

size_t MemorySessionIndex::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void MemorySessionIndex::Use(Position entry) {
  entry->used = clock_.Now();
  entries_.splice(entries_.end(), entries_, entry);
}

void MemorySessionIndex::ForgetOld() {
  const MonotonicTime latest = clock_.Now() - absl::ToChronoNanoseconds(kHlsIdLifetime);
  while (!entries_.empty() && (entries_.size() > max_ids_ || entries_.front().used < latest)) {
    by_id_.erase(entries_.front().id);
    entries_.pop_front();
  }
}

}  // namespace srsproxy
