// UseLedger: what this proxy has written in Redis of its sessions, so that it writes only what
// others have to know.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/stream_url.h"
#include "dataplane/directory/stream_record.h"

namespace srsproxy::redis {

// Thread-safe.
class UseLedger {
 public:
  // What is written for `use`: its sessions are rounded up, so that most viewers who come and go
  // change nothing.
  static StreamUse Rounded(StreamUse use);

  // With so many sessions in place of `rounded`'s nothing is to be written.
  static SessionRange CoveredBy(const StreamUse& rounded);

  // Whether `use` is to be written: publishers differ, sessions are more than was written, or far
  // fewer, or none; or what was written is in doubt.
  bool Needs(const StreamKey& key, const StreamUse& use) const;

  // `rounded` is written, or may be.
  void Wrote(const StreamKey& key, StreamUse rounded);

  // Whether Redis has what was written, if anything, is not known: it is to be written again.
  void Doubt(const StreamKey& key);

  // The streams of which something is written, or in doubt.
  std::vector<StreamKey> Keys() const;

 private:
  static constexpr size_t kShards = 16;
  struct Written {
    StreamUse use;
    bool in_doubt = false;
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<StreamKey, Written> written;
  };

  Shard& ShardOf(const StreamKey& key) { return shards_[absl::HashOf(key) % kShards]; }
  const Shard& ShardOf(const StreamKey& key) const { return shards_[absl::HashOf(key) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace srsproxy::redis
