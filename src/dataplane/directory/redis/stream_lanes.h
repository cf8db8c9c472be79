// StreamLanes: what is asked about streams, one question at a time for each stream.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/any_invocable.h>

#include "dataplane/core/stream_url.h"

namespace srsproxy::redis {

// Thread-safe. Work runs on the thread that adds it, or on the one that has finished what stood
// before it; with no lock held.
class StreamLanes {
 public:
  // To be called once, when the work's question is answered; also from within the work.
  using Finished = absl::AnyInvocable<void()>;
  using Work = absl::AnyInvocable<void(Finished)>;

  StreamLanes();
  ~StreamLanes();

  // Runs `work` when all that was added for `key` before has finished.
  void Add(const StreamKey& key, Work work);

  // The same, unless work that was added so waits for its turn: what it writes is made when it
  // runs.
  void AddWrite(const StreamKey& key, Work work);

  // Whether nothing waits or runs.
  bool IsIdle() const;

 private:
  struct Lane {
    std::deque<Work> waiting;
    bool write_waits = false;
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<StreamKey, Lane> lanes;  // Those in which something runs.
  };
  struct State {
    static constexpr size_t kShards = 16;
    Shard& ShardOf(const StreamKey& key) { return shards[absl::HashOf(key) % kShards]; }
    std::array<Shard, kShards> shards;
  };

  void Enter(const StreamKey& key, Work work, bool is_write);
  static void RunFrom(const std::shared_ptr<State>& state, const StreamKey& key, Work work);
  // The work that is next; null: there is none, and the lane is gone.
  static Work Next(State& state, const StreamKey& key);

  const std::shared_ptr<State> state_;
};

}  // namespace srsproxy::redis
