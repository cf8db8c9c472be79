// The SessionIndex of a proxy that shares nothing.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/session_index.h"

namespace srsproxy {

class MemorySessionIndex final : public SessionIndex {
 public:
  // `clock` outlives it. Of more than `max_ids` the least recently used are forgotten.
  explicit MemorySessionIndex(const Clock& clock, size_t max_ids = 200'000);

  void PutHls(std::string id, const StreamKey& key) override;
  void FindHls(std::string id, FoundCallback done) override;
  void Stop() override {}  // It answers inline.

  size_t size() const;

 private:
  struct Entry {
    std::string id;
    StreamKey key;
    MonotonicTime used;
  };
  using Position = std::list<Entry>::iterator;

  void Use(Position entry);
  void ForgetOld();

  const Clock& clock_;
  const size_t max_ids_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // The least recently used first.
  absl::flat_hash_map<std::string, Position> by_id_;
};

}  // namespace srsproxy
