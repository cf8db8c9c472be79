// HlsIds: what ids of HLS stand for, each until it was not used for SessionIndex::kHlsIdLifetime.
// Without a lock of its own.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/session_index.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

class HlsIds {
 public:
  struct Entry {
    std::string id;
    StreamKey key;
    MonotonicTime used = {};
    MonotonicTime written = {};  // Where others find it, if there are any; epoch: it is not.
  };

  // Of more than `max_ids` the least recently used are forgotten.
  explicit HlsIds(size_t max_ids) : max_ids_(max_ids) {}

  // Uses of the id. Pointers are valid until the next call.
  Entry& Put(std::string id, const StreamKey& key, MonotonicTime now) {
    const auto at = by_id_.find(id);
    if (at != by_id_.end()) {
      if (at->second->key != key) *at->second = {std::move(id), key};
      Use(at->second, now);
    } else {
      entries_.push_back({id, key, now});
      by_id_.emplace(std::move(id), std::prev(entries_.end()));
    }
    ForgetOld(now);
    return entries_.back();
  }
  // Null: it is unknown.
  Entry* Find(std::string_view id, MonotonicTime now) {
    ForgetOld(now);
    const auto at = by_id_.find(ToAbsl(id));
    if (at == by_id_.end()) return nullptr;
    Use(at->second, now);
    return &entries_.back();
  }

  // No use of the id: what was written of it is not there.
  void SetUnwritten(std::string_view id) {
    const auto at = by_id_.find(ToAbsl(id));
    if (at != by_id_.end()) at->second->written = {};
  }

  size_t size() const { return entries_.size(); }

 private:
  using Position = std::list<Entry>::iterator;

  void Use(Position entry, MonotonicTime now) {
    entry->used = now;
    entries_.splice(entries_.end(), entries_, entry);
  }
  void ForgetOld(MonotonicTime now) {
    const MonotonicTime latest = now - absl::ToChronoNanoseconds(SessionIndex::kHlsIdLifetime);
    while (!entries_.empty() && (entries_.size() > max_ids_ || entries_.front().used < latest)) {
      by_id_.erase(entries_.front().id);
      entries_.pop_front();
    }
  }

  const size_t max_ids_;
  std::list<Entry> entries_;  // The least recently used first.
  absl::flat_hash_map<std::string, Position> by_id_;
};

}  // namespace srsproxy
