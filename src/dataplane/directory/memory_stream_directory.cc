#include "dataplane/directory/memory_stream_directory.h"

#include <algorithm>
#include <queue>
#include <utility>

#include <absl/hash/hash.h>
#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

constexpr char kSeparator = '\0';  // Not in any part of a key; sorts before all that is.

// `app NUL stream NUL`, shared by the app/stream of every vhost.
std::string PathPrefix(const StreamKey& key) {
  std::string path;
  path.reserve(key.app.size() + key.stream.size() + key.vhost.size() + 2);
  path.append(key.app).push_back(kSeparator);
  path.append(key.stream).push_back(kSeparator);
  return path;
}

std::string Path(const StreamKey& key) { return PathPrefix(key).append(key.vhost); }

StreamKey KeyOfPath(std::string_view path) {
  const size_t first = path.find(kSeparator);
  const size_t second = path.find(kSeparator, first + 1);
  return {std::string(path.substr(second + 1)), std::string(path.substr(0, first)),
          std::string(path.substr(first + 1, second - first - 1))};
}

// The key that StreamKey::ToString wrote: vhost and stream have no '/'.
StreamKey KeyOfText(std::string_view text) {
  const size_t first = text.find('/');
  const size_t last = text.rfind('/');
  if (first == last) return {std::string(text), "", ""};
  return {std::string(text.substr(0, first)), std::string(text.substr(first + 1, last - first - 1)),
          std::string(text.substr(last + 1))};
}

}  // namespace

MemoryStreamDirectory::MemoryStreamDirectory(const Clock& clock, size_t max_streams)
    : clock_(clock), max_streams_(max_streams), shards_(std::make_unique<Shard[]>(kShards)) {}

MemoryStreamDirectory::~MemoryStreamDirectory() {
  for (size_t i = 0; i < kShards; ++i) shards_[i].idle.clear();
}

MemoryStreamDirectory::Shard& MemoryStreamDirectory::ShardOf(const StreamKey& key) const {
  return shards_[absl::HashOf(key.app, key.stream) % kShards];
}

std::optional<StreamMapping> MemoryStreamDirectory::Find(const StreamKey& key) const {
  const Shard& shard = ShardOf(key);
  const std::string path = Path(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(path);
  if (at == shard.entries.end()) return std::nullopt;
  return ToMapping(at->second);
}

std::optional<StreamMapping> MemoryStreamDirectory::FindInOtherVhost(const StreamKey& key) const {
  const Shard& shard = ShardOf(key);
  const std::string prefix = PathPrefix(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* found = nullptr;
  for (auto at = shard.entries.lower_bound(prefix);
       at != shard.entries.end() && at->first.starts_with(prefix); ++at) {
    if (std::string_view(at->first).substr(prefix.size()) == key.vhost) continue;
    if (found != nullptr) return std::nullopt;
    found = &at->second;
  }
  if (found == nullptr) return std::nullopt;
  return ToMapping(*found);
}

void MemoryStreamDirectory::Claim(ClaimRequest request, ClaimCallback done) {
  Shard& shard = ShardOf(request.key);
  std::string path = Path(request.key);
  {
    std::unique_lock lock(shard.mutex);
    if (const auto at = shard.entries.find(path); at != shard.entries.end()) {
      ClaimOutcome outcome = Join(shard, at->second, request);
      lock.unlock();
      done(std::move(outcome));
      return;
    }
  }
  // Not with the shard locked: the slot may have to come from another shard.
  if (!ReserveSlot()) {
    done(ProxyFailure(
        absl::StatusCode::kResourceExhausted,
        absl::StrCat("all ", max_streams_, " streams of PROXY_MAX_STREAMS are in use: raise it")));
    return;
  }
  std::unique_lock lock(shard.mutex);
  const auto [at, inserted] = shard.entries.try_emplace(std::move(path));
  Entry& entry = at->second;
  if (inserted) {
    entry.path = &at->first;
    SetOrigin(shard, entry, request.origin_id);
  } else {
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
  ClaimOutcome outcome = Join(shard, entry, request);
  outcome.granted = outcome.granted || inserted;
  lock.unlock();
  done(std::move(outcome));
}

void MemoryStreamDirectory::MediaFlows(const StreamKey& key, Role role) {
  Shard& shard = ShardOf(key);
  const std::string path = Path(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(path);
  if (at == shard.entries.end()) return;
  Entry& entry = at->second;
  entry.provisional = false;
  if (role == Role::kPublisher) {
    ++entry.live_publishers;
    entry.published = true;
  }
}

void MemoryStreamDirectory::SessionEnded(const StreamKey& key, Role role, bool media_flowed) {
  Shard& shard = ShardOf(key);
  const std::string path = Path(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(path);
  if (at == shard.entries.end()) return;
  Entry& entry = at->second;
  uint32_t& sessions = role == Role::kPublisher ? entry.publishers : entry.viewers;
  if (sessions > 0) --sessions;
  if (role == Role::kPublisher && media_flowed && entry.live_publishers > 0) {
    --entry.live_publishers;
  }
  if (entry.publishers > 0 || entry.viewers > 0) return;
  if (!entry.published) {
    Erase(shard, entry);
  } else if (!entry.is_linked()) {
    entry.idle_since = last_idle_.fetch_add(1, std::memory_order_relaxed) + 1;
    shard.idle.push_back(entry);
    shard.oldest_idle.store(shard.idle.front().idle_since, std::memory_order_relaxed);
  }
}

MemoryStreamDirectory::Page MemoryStreamDirectory::List(std::string_view after,
                                                        size_t limit) const {
  // A merge of the shards' orders, each read in small batches.
  const size_t batch = limit / kShards + 8;
  struct Cursor {
    std::vector<std::pair<std::string, StreamMapping>> read;
    size_t next = 0;
  };
  std::vector<Cursor> cursors(kShards);
  const auto refill = [&](size_t shard_index, const std::string& after_path) {
    Cursor& cursor = cursors[shard_index];
    cursor.read.clear();
    cursor.next = 0;
    const Shard& shard = shards_[shard_index];
    const std::lock_guard lock(shard.mutex);
    for (auto at = shard.entries.upper_bound(after_path);
         at != shard.entries.end() && cursor.read.size() < batch; ++at) {
      cursor.read.emplace_back(at->first, ToMapping(at->second));
    }
  };
  const auto path_at = [&](size_t shard_index) -> const std::string& {
    return cursors[shard_index].read[cursors[shard_index].next].first;
  };
  const auto later = [&](size_t a, size_t b) { return path_at(a) > path_at(b); };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> order(later);
  const std::string start = after.empty() ? std::string() : Path(KeyOfText(after));
  for (size_t i = 0; i < kShards; ++i) {
    refill(i, start);
    if (!cursors[i].read.empty()) order.push(i);
  }

  Page page;
  while (!order.empty() && page.mappings.size() < limit) {
    const size_t shard_index = order.top();
    order.pop();
    Cursor& cursor = cursors[shard_index];
    page.mappings.push_back(std::move(cursor.read[cursor.next].second));
    if (++cursor.next == cursor.read.size()) {
      const std::string last = std::move(cursor.read.back().first);
      refill(shard_index, last);
    }
    if (!cursor.read.empty()) order.push(shard_index);
  }
  if (!order.empty() && !page.mappings.empty()) page.next = page.mappings.back().key.ToString();
  return page;
}

bool MemoryStreamDirectory::ReserveSlot() {
  while (true) {
    size_t size = size_.load(std::memory_order_relaxed);
    while (size < max_streams_) {
      if (size_.compare_exchange_weak(size, size + 1, std::memory_order_relaxed)) return true;
    }
    if (!EvictOldestIdle()) return false;
  }
}

bool MemoryStreamDirectory::EvictOldestIdle() {
  while (true) {
    Shard* oldest = nullptr;
    uint64_t oldest_idle = kNoneIdle;
    for (size_t i = 0; i < kShards; ++i) {
      const uint64_t idle = shards_[i].oldest_idle.load(std::memory_order_relaxed);
      if (idle >= oldest_idle) continue;
      oldest_idle = idle;
      oldest = &shards_[i];
    }
    if (oldest == nullptr) return false;
    const std::lock_guard lock(oldest->mutex);
    if (oldest->idle.empty() || oldest->idle.front().idle_since != oldest_idle) continue;
    Erase(*oldest, oldest->idle.front());
    return true;
  }
}

ClaimOutcome MemoryStreamDirectory::Join(Shard& shard, Entry& entry, const ClaimRequest& request) {
  ClaimOutcome outcome;
  if (request.replaces_version != 0 && request.replaces_version == entry.version) {
    SetOrigin(shard, entry, request.origin_id);
    if (!request.follows) {
      entry.provisional = true;
      entry.published = false;
    }
    outcome.granted = true;
  }
  ++(request.role == Role::kPublisher ? entry.publishers : entry.viewers);
  LeaveIdle(shard, entry);
  outcome.mapping = ToMapping(entry);
  return outcome;
}

void MemoryStreamDirectory::SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id) {
  if (entry.origin != nullptr) ReleaseOrigin(shard, entry);
  entry.origin = &*shard.origin_ids.try_emplace(origin_id, 0).first;
  ++entry.origin->second;
  entry.version = last_version_.fetch_add(1, std::memory_order_relaxed) + 1;
  entry.claimed_at_ns = absl::ToUnixNanos(clock_.WallNow());
}

void MemoryStreamDirectory::Erase(Shard& shard, Entry& entry) {
  LeaveIdle(shard, entry);
  ReleaseOrigin(shard, entry);
  shard.entries.erase(shard.entries.find(*entry.path));
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void MemoryStreamDirectory::ReleaseOrigin(Shard& shard, Entry& entry) {
  if (--entry.origin->second == 0)
    shard.origin_ids.erase(shard.origin_ids.find(entry.origin->first));
  entry.origin = nullptr;
}

void MemoryStreamDirectory::LeaveIdle(Shard& shard, Entry& entry) {
  if (!entry.is_linked()) return;
  shard.idle.erase(shard.idle.iterator_to(entry));
  shard.oldest_idle.store(shard.idle.empty() ? kNoneIdle : shard.idle.front().idle_since,
                          std::memory_order_relaxed);
}

StreamMapping MemoryStreamDirectory::ToMapping(const Entry& entry) {
  StreamMapping mapping;
  mapping.key = KeyOfPath(*entry.path);
  mapping.origin_id = entry.origin->first;
  mapping.version = entry.version;
  mapping.provisional = entry.provisional;
  mapping.publisher_live = entry.live_publishers > 0;
  mapping.publishers = entry.publishers;
  mapping.viewers = entry.viewers;
  mapping.claimed_at = absl::FromUnixNanos(entry.claimed_at_ns);
  return mapping;
}

}  // namespace srsproxy
