// The SessionIndex of a proxy that shares nothing.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "dataplane/core/clock.h"
#include "dataplane/core/session_index.h"
#include "dataplane/directory/hls_ids.h"

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
  const Clock& clock_;
  mutable std::mutex mutex_;
  HlsIds ids_;  // Guarded by mutex_.
};

}  // namespace srsproxy
