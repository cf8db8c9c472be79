#include "dataplane/directory/memory_session_index.h"

#include <optional>
#include <utility>

namespace srsproxy {

MemorySessionIndex::MemorySessionIndex(const Clock& clock, size_t max_ids)
    : clock_(clock), ids_(max_ids) {}

void MemorySessionIndex::PutHls(std::string id, const StreamKey& key) {
  const std::lock_guard lock(mutex_);
  ids_.Put(std::move(id), key, clock_.Now());
}

void MemorySessionIndex::FindHls(std::string id, FoundCallback done) {
  std::optional<StreamKey> key;
  {
    const std::lock_guard lock(mutex_);
    if (const HlsIds::Entry* const found = ids_.Find(id, clock_.Now())) key = found->key;
  }
  done(std::move(key));
}

size_t MemorySessionIndex::size() const {
  const std::lock_guard lock(mutex_);
  return ids_.size();
}

}  // namespace srsproxy
