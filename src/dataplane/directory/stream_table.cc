#include "dataplane/directory/stream_table.h"

#include <algorithm>
#include <queue>
#include <utility>

#include <absl/hash/hash.h>

#include "dataplane/directory/stream_path.h"

namespace srsproxy {
namespace {

// Vhosts that are looked at for an app/stream that many have.
constexpr size_t kMaxOtherVhosts = 32;

}  // namespace

StreamTable::StreamTable(const Clock& clock, size_t max_streams, Decides decides)
    : clock_(clock),
      decides_(decides),
      max_streams_(max_streams),
      shards_(std::make_unique<Shard[]>(kShards)) {}

StreamTable::~StreamTable() {
  for (size_t i = 0; i < kShards; ++i) shards_[i].idle.clear();
}

StreamTable::Shard& StreamTable::ShardOf(const StreamKey& key) const {
  return shards_[absl::HashOf(key.app, key.stream) % kShards];
}

std::optional<StreamMapping> StreamTable::Find(const StreamKey& key) const {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = FindEntry(shard, key);
  if (entry == nullptr) return std::nullopt;
  return ToMapping(shard, *entry);
}

std::optional<StreamMapping> StreamTable::FindInOtherVhost(const StreamKey& key) const {
  const Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  return InOtherVhost(shard, key);
}

std::optional<StreamMapping> StreamTable::InOtherVhost(const Shard& shard, const StreamKey& key) {
  const std::string prefix = StreamPathPrefix(key);
  std::optional<StreamMapping> found;
  size_t looked_at = 0;
  for (auto at = shard.entries.lower_bound(prefix);
       at != shard.entries.end() && at->first.starts_with(prefix); ++at) {
    const Entry& entry = at->second;
    if (std::string_view(at->first).substr(prefix.size()) == key.vhost) continue;
    if (entry.origin == nullptr) continue;
    if (++looked_at > kMaxOtherVhosts) return std::nullopt;
    if (!found.has_value()) {
      found = ToMapping(shard, entry);
      continue;
    }
    if (found->origin_id != entry.origin->first) return std::nullopt;
    found->publishers += entry.publishers;
    found->viewers += entry.viewers;
    found->publisher_live |= entry.is_live();
    found->used_elsewhere |= entry.used_anywhere;
  }
  return found;
}

StreamView::Page StreamTable::List(std::string_view after, size_t limit) const {
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
      if (at->second.origin == nullptr) continue;
      cursor.read.emplace_back(at->first, ToMapping(shard, at->second));
    }
  };
  const auto path_at = [&](size_t shard_index) -> const std::string& {
    return cursors[shard_index].read[cursors[shard_index].next].first;
  };
  const auto later = [&](size_t a, size_t b) { return path_at(a) > path_at(b); };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> order(later);
  const std::string start = StreamPathOfText(after);
  for (size_t i = 0; i < kShards; ++i) {
    refill(i, start);
    if (!cursors[i].read.empty()) order.push(i);
  }

  StreamView::Page page;
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

void StreamTable::SetMaxStreams(size_t max_streams) {
  max_streams_ = max_streams;
  while (size() > max_streams && EvictOldestIdle()) {
  }
}

StreamView::Counts StreamTable::CountsOf(std::string_view origin_id) const {
  Counts counts;
  for (size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.origins.find(ToAbsl(origin_id));
    if (at == shard.origins.end()) continue;
    counts.streams += at->second.streams;
    counts.in_use += at->second.in_use;
    counts.live_publishers += at->second.live_publishers;
  }
  return counts;
}

void StreamTable::Stop() {
  stopped_ = true;
  // Who has seen that it was not is done then.
  for (size_t i = 0; i < kShards; ++i) const std::lock_guard lock(shards_[i].mutex);
}

bool StreamTable::TakeFreeSlot() {
  size_t size = size_.load(std::memory_order_relaxed);
  while (size < max_streams_) {
    if (size_.compare_exchange_weak(size, size + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool StreamTable::ReserveSlot() {
  while (!TakeFreeSlot()) {
    if (!EvictOldestIdle()) return false;
  }
  return true;
}

bool StreamTable::EvictOldestIdle() {
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
    Entry& entry = oldest->idle.front();
    if (decides()) {
      Remove(*oldest, entry, StreamEventReason::kEvicted);
    } else {
      // Of the store's it is most likely the oldest, too, and leaves there.
      const StreamChange evicted{.reason = StreamEventReason::kEvicted, .removed = true};
      Announce(entry, RecordOf(*oldest, entry), evicted);
      Forget(*oldest, entry, evicted);
    }
    return true;
  }
}

StreamTable::Entry* StreamTable::FindEntry(Shard& shard, const StreamKey& key) {
  const auto at = shard.entries.find(StreamPath(key));
  if (at == shard.entries.end() || at->second.origin == nullptr) return nullptr;
  return &at->second;
}

void StreamTable::SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id) {
  LeaveOrigin(shard, entry);
  EnterOrigin(shard, entry, origin_id);
  entry.version = last_version_.fetch_add(1, std::memory_order_relaxed) + 1;
  entry.claimed_at_ns = absl::ToUnixNanos(clock_.WallNow());
}

void StreamTable::EnterOrigin(Shard& shard, Entry& entry, const std::string& origin_id) {
  entry.origin = &*shard.origins.try_emplace(origin_id).first;
  ++entry.origin->second.streams;
  if (entry.is_live()) ++entry.origin->second.live_publishers;
  if (entry.in_use()) AddLoad(*entry.origin, 1);
}

void StreamTable::MarkIdle(Shard& shard, Entry& entry) {
  if (!entry.retain_when_idle) {
    Remove(shard, entry, StreamEventReason::kLastSessionEnded);
  } else {
    LinkIdle(shard, entry);
  }
}

void StreamTable::LinkIdle(Shard& shard, Entry& entry) {
  if (entry.is_linked()) return;
  entry.idle_since = last_idle_.fetch_add(1, std::memory_order_relaxed) + 1;
  shard.idle.push_back(entry);
  shard.oldest_idle.store(shard.idle.front().idle_since, std::memory_order_relaxed);
}

void StreamTable::Remove(Shard& shard, Entry& entry, StreamEventReason reason) {
  Notify(StreamEvent::Kind::kRemoved, shard, entry, reason);
  DropPending(shard, entry);
  LeaveOrigin(shard, entry);
  if (!entry.in_use()) Erase(shard, entry);
}

void StreamTable::Erase(Shard& shard, Entry& entry) {
  UnmarkIdle(shard, entry);
  shard.believed.erase(&entry);
  shard.entries.erase(shard.entries.find(*entry.path));
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void StreamTable::LeaveOrigin(Shard& shard, Entry& entry) {
  if (entry.origin == nullptr) return;
  Counts& counts = entry.origin->second;
  if (entry.is_live()) --counts.live_publishers;
  if (entry.in_use()) AddLoad(*entry.origin, -1);
  if (--counts.streams == 0) shard.origins.erase(shard.origins.find(entry.origin->first));
  entry.origin = nullptr;
}

void StreamTable::UnmarkIdle(Shard& shard, Entry& entry) {
  if (!entry.is_linked()) return;
  shard.idle.erase(shard.idle.iterator_to(entry));
  shard.oldest_idle.store(shard.idle.empty() ? kNoneIdle : shard.idle.front().idle_since,
                          std::memory_order_relaxed);
}

void StreamTable::AddLoad(Origins::value_type& origin, int change) {
  origin.second.in_use += static_cast<size_t>(change);
  in_use_.fetch_add(static_cast<size_t>(change), std::memory_order_relaxed);
  if (stopped_) return;
  observers_.ForEach(
      [&](StreamObserver* observer) { observer->OnLoadChange(origin.first, change); });
}

void StreamTable::Notify(StreamEvent::Kind kind, const Shard& shard, const Entry& entry,
                         StreamEventReason reason, std::optional<MoveCause> cause,
                         std::string former_origin_id) const {
  if (stopped_) return;
  StreamEvent event;
  event.kind = kind;
  event.mapping = ToMapping(shard, entry);
  event.former_origin_id = std::move(former_origin_id);
  event.reason = reason;
  event.cause = cause;
  observers_.ForEach([&](StreamObserver* observer) { observer->OnStreamEvent(event); });
}

StreamMapping StreamTable::ToMapping(const Shard& shard, const Entry& entry) {
  StreamMapping mapping;
  mapping.key = KeyOfStreamPath(*entry.path);
  mapping.origin_id = entry.origin->first;
  mapping.version = entry.version;
  mapping.provisional = entry.provisional;
  mapping.publisher_live = entry.is_live();
  mapping.used_elsewhere = entry.used_anywhere;
  mapping.publishers = entry.publishers;
  mapping.viewers = entry.viewers;
  mapping.claimed_at = absl::FromUnixNanos(entry.claimed_at_ns);
  if (entry.pending) mapping.pending = shard.pending.find(&entry)->second;
  return mapping;
}

}  // namespace srsproxy
