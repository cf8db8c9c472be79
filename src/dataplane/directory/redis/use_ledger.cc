#include "dataplane/directory/redis/use_ledger.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace srsproxy::redis {

StreamUse UseLedger::Rounded(StreamUse use) {
  if (use.sessions > 0) use.sessions = std::bit_ceil(use.sessions);
  return use;
}

SessionRange UseLedger::CoveredBy(const StreamUse& rounded) {
  return {.from = std::max(1U, rounded.sessions / 4), .to = rounded.sessions};
}

bool UseLedger::Needs(const StreamKey& key, const StreamUse& use) const {
  const Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.written.find(key);
  if (at == shard.written.end()) return use.sessions > 0;
  if (at->second.in_doubt) return true;
  const StreamUse& written = at->second.use;
  return use.publishers != written.publishers || use.live_publishers != written.live_publishers ||
         use.live_origin != written.live_origin || !CoveredBy(written).contains(use.sessions);
}

void UseLedger::Wrote(const StreamKey& key, StreamUse rounded) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  if (rounded.sessions == 0) {
    shard.written.erase(key);
  } else {
    shard.written.insert_or_assign(key, Written{std::move(rounded)});
  }
}

void UseLedger::Doubt(const StreamKey& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  shard.written[key].in_doubt = true;
}

std::vector<StreamKey> UseLedger::Keys() const {
  std::vector<StreamKey> keys;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const auto& [key, use] : shard.written) keys.push_back(key);
  }
  return keys;
}

}  // namespace srsproxy::redis
