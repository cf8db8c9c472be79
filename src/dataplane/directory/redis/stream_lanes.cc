#include "dataplane/directory/redis/stream_lanes.h"

#include <atomic>
#include <utility>

namespace srsproxy::redis {

StreamLanes::StreamLanes() : state_(std::make_shared<State>()) {}
StreamLanes::~StreamLanes() = default;

void StreamLanes::Add(const StreamKey& key, Work work) {
  Enter(key, std::move(work), /*is_write=*/false);
}

void StreamLanes::AddWrite(const StreamKey& key, Work work) {
  Enter(key, std::move(work), /*is_write=*/true);
}

bool StreamLanes::IsIdle() const {
  for (const Shard& shard : state_->shards) {
    const std::lock_guard lock(shard.mutex);
    if (!shard.lanes.empty()) return false;
  }
  return true;
}

void StreamLanes::Enter(const StreamKey& key, Work work, bool is_write) {
  {
    Shard& shard = state_->ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    const auto [at, is_free] = shard.lanes.try_emplace(key);
    if (!is_free) {
      Lane& lane = at->second;
      if (is_write && std::exchange(lane.write_waits, true)) return;
      if (is_write) {
        work = [state = state_, key, work = std::move(work)](Finished finished) mutable {
          {
            Shard& its_shard = state->ShardOf(key);
            const std::lock_guard its_lock(its_shard.mutex);
            its_shard.lanes.find(key)->second.write_waits = false;
          }
          work(std::move(finished));
        };
      }
      lane.waiting.push_back(std::move(work));
      return;
    }
  }
  RunFrom(state_, key, std::move(work));
}

// Work that finishes before it returns is followed here, not from within it: a long lane is no deep
// recursion.
void StreamLanes::RunFrom(const std::shared_ptr<State>& state, const StreamKey& key, Work work) {
  while (work != nullptr) {
    // Of the two, the work's return and its end, the later one goes on.
    auto one_is_over = std::make_shared<std::atomic<bool>>(false);
    work([state, key, one_is_over] {
      if (one_is_over->exchange(true)) RunFrom(state, key, Next(*state, key));
    });
    if (!one_is_over->exchange(true)) return;
    work = Next(*state, key);
  }
}

StreamLanes::Work StreamLanes::Next(State& state, const StreamKey& key) {
  Shard& shard = state.ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.lanes.find(key);
  if (at->second.waiting.empty()) {
    shard.lanes.erase(at);
    return nullptr;
  }
  Work next = std::move(at->second.waiting.front());
  at->second.waiting.pop_front();
  return next;
}

}  // namespace srsproxy::redis
