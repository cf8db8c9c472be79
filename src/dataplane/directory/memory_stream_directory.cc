#include "dataplane/directory/memory_stream_directory.h"

#include <algorithm>
#include <queue>
#include <utility>

#include <absl/hash/hash.h>
#include <absl/strings/str_cat.h>

#include "dataplane/directory/stream_path.h"

namespace srsproxy {
namespace {

absl::Status NoMapping(const StreamKey& key) {
  return absl::NotFoundError(absl::StrCat("stream ", key.ToString(), " has no mapping"));
}

absl::Status OtherVersion(const StreamKey& key, uint64_t version, uint64_t expected) {
  return absl::AbortedError(absl::StrCat("stream ", key.ToString(), " is at version ", version,
                                         " now, not ", expected, ": it moved meanwhile"));
}

}  // namespace

MemoryStreamDirectory::MemoryStreamDirectory(const Clock& clock, size_t max_streams,
                                             std::shared_ptr<StateFile> state)
    : clock_(clock),
      max_streams_(max_streams),
      pins_(std::move(state)),
      shards_(std::make_unique<Shard[]>(kShards)) {}

MemoryStreamDirectory::~MemoryStreamDirectory() {
  for (size_t i = 0; i < kShards; ++i) shards_[i].idle.clear();
}

MemoryStreamDirectory::Shard& MemoryStreamDirectory::ShardOf(const StreamKey& key) const {
  return shards_[absl::HashOf(key.app, key.stream) % kShards];
}

std::optional<StreamMapping> MemoryStreamDirectory::Find(const StreamKey& key) const {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = FindEntry(shard, key);
  if (entry == nullptr) return std::nullopt;
  return ToMapping(shard, *entry);
}

std::optional<StreamMapping> MemoryStreamDirectory::FindInOtherVhost(const StreamKey& key) const {
  const Shard& shard = ShardOf(key);
  const std::string prefix = StreamPathPrefix(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* found = nullptr;
  for (auto at = shard.entries.lower_bound(prefix);
       at != shard.entries.end() && at->first.starts_with(prefix); ++at) {
    if (std::string_view(at->first).substr(prefix.size()) == key.vhost) continue;
    if (at->second.origin == nullptr) continue;
    if (found != nullptr) return std::nullopt;
    found = &at->second;
  }
  if (found == nullptr) return std::nullopt;
  return ToMapping(shard, *found);
}

void MemoryStreamDirectory::Claim(ClaimRequest request, ClaimCallback done) {
  Shard& shard = ShardOf(request.key);
  std::string path = StreamPath(request.key);
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
    done(ProxyFailure(absl::StatusCode::kResourceExhausted,
                      absl::StrCat("all ", max_streams_.load(),
                                   " streams of PROXY_MAX_STREAMS are in use: raise it")));
    return;
  }
  std::unique_lock lock(shard.mutex);
  const auto [at, inserted] = shard.entries.try_emplace(std::move(path));
  if (inserted) {
    at->second.path = &at->first;
  } else {
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
  ClaimOutcome outcome = Join(shard, at->second, request);
  lock.unlock();
  done(std::move(outcome));
}

void MemoryStreamDirectory::MediaFlows(const StreamKey& key, Role role) {
  Shard& shard = ShardOf(key);
  const std::string path = StreamPath(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(path);
  if (at == shard.entries.end()) return;
  Entry& entry = at->second;
  const bool first_media = std::exchange(entry.provisional, false);
  bool first_publisher = false;
  if (role == Role::kPublisher) {
    first_publisher = entry.live_publishers++ == 0;
    entry.stays = true;
  }
  if (entry.origin == nullptr) return;
  if (first_publisher) ++entry.origin->second.live_publishers;
  if (first_publisher) {
    Tell(StreamEvent::Kind::kChanged, shard, entry, "a publisher is live");
  } else if (first_media) {
    Tell(StreamEvent::Kind::kChanged, shard, entry, "media flows");
  }
}

void MemoryStreamDirectory::SessionEnded(const StreamKey& key, Role role, bool media_flowed) {
  Shard& shard = ShardOf(key);
  const std::string path = StreamPath(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.entries.find(path);
  if (at == shard.entries.end()) return;
  Entry& entry = at->second;
  uint32_t& sessions = role == Role::kPublisher ? entry.publishers : entry.viewers;
  if (sessions > 0) --sessions;
  bool last_live = false;
  if (role == Role::kPublisher && media_flowed && entry.live_publishers > 0) {
    last_live = --entry.live_publishers == 0;
  }
  if (entry.origin == nullptr) {
    if (!entry.in_use()) Erase(shard, entry);
    return;
  }
  if (last_live) --entry.origin->second.live_publishers;
  if (entry.pending && entry.publishers == 0) {
    const PendingMove move = shard.pending.find(&entry)->second;
    std::string former = MoveTo(shard, entry, move.origin_id);
    Tell(StreamEvent::Kind::kChanged, shard, entry, "moved: its publisher has ended", move.cause,
         std::move(former));
  } else if (last_live) {
    Tell(StreamEvent::Kind::kChanged, shard, entry, "its publisher has ended");
  }
  if (!entry.in_use()) Rest(shard, entry);
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

void MemoryStreamDirectory::SetMaxStreams(size_t max_streams) {
  max_streams_ = max_streams;
  while (size() > max_streams && EvictOldestIdle()) {
  }
}

StreamDirectory::Counts MemoryStreamDirectory::CountsOf(std::string_view origin_id) const {
  Counts counts;
  for (size_t i = 0; i < kShards; ++i) {
    const Shard& shard = shards_[i];
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.origins.find(ToAbsl(origin_id));
    if (at == shard.origins.end()) continue;
    counts.streams += at->second.streams;
    counts.live_publishers += at->second.live_publishers;
  }
  return counts;
}

void MemoryStreamDirectory::Move(MoveRequest request, MoveCallback done) {
  Shard& shard = ShardOf(request.key);
  std::unique_lock lock(shard.mutex);
  auto outcome = MoveEntry(shard, request);
  lock.unlock();
  done(std::move(outcome));
}

void MemoryStreamDirectory::Release(const StreamKey& key, uint64_t expected_version, bool force,
                                    ReleaseCallback done) {
  Shard& shard = ShardOf(key);
  std::unique_lock lock(shard.mutex);
  auto released = ReleaseEntry(shard, key, expected_version, force);
  lock.unlock();
  done(std::move(released));
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
    Remove(*oldest, oldest->idle.front(), "idle, and PROXY_MAX_STREAMS is reached");
    return true;
  }
}

MemoryStreamDirectory::Entry* MemoryStreamDirectory::FindEntry(Shard& shard, const StreamKey& key) {
  const auto at = shard.entries.find(StreamPath(key));
  if (at == shard.entries.end() || at->second.origin == nullptr) return nullptr;
  return &at->second;
}

ClaimOutcome MemoryStreamDirectory::Join(Shard& shard, Entry& entry, const ClaimRequest& request) {
  ClaimOutcome outcome;
  std::string former;
  const bool placed = entry.origin == nullptr;
  const bool replaced =
      !placed && request.replaces_version != 0 && request.replaces_version == entry.version;
  const bool follows = replaced && request.follows;
  outcome.granted = placed || replaced;
  if (replaced) former = entry.origin->first;
  if (outcome.granted) {
    SetOrigin(shard, entry, request.origin_id);
    if (!follows) {
      entry.provisional = true;
      entry.stays = false;
    }
    if (entry.pending &&
        (!follows || shard.pending.find(&entry)->second.origin_id == request.origin_id)) {
      DropPending(shard, entry);
    }
  }
  const bool publishes = request.role == Role::kPublisher;
  ++(publishes ? entry.publishers : entry.viewers);
  LeaveIdle(shard, entry);
  outcome.mapping = ToMapping(shard, entry);
  if (placed) {
    Tell(StreamEvent::Kind::kPlaced, shard, entry, publishes ? "to be published" : "to be viewed");
  } else if (replaced) {
    Tell(StreamEvent::Kind::kChanged, shard, entry,
         follows ? "its origin was superseded" : "its origin cannot serve it any more",
         follows ? MoveCause::kSuperseded : MoveCause::kUnusable, std::move(former));
  }
  return outcome;
}

absl::StatusOr<MoveOutcome> MemoryStreamDirectory::MoveEntry(Shard& shard,
                                                             const MoveRequest& request) {
  Entry* entry = FindEntry(shard, request.key);
  if (entry == nullptr) return NoMapping(request.key);
  if (request.expected_version != 0 && request.expected_version != entry->version) {
    return OtherVersion(request.key, entry->version, request.expected_version);
  }
  MoveOutcome outcome;
  if (entry->origin->first == request.origin_id) {
    if (DropPending(shard, *entry)) {
      Tell(StreamEvent::Kind::kChanged, shard, *entry, "its pending move was taken back");
    }
  } else if (entry->publishers > 0) {
    PendingMove pending{request.origin_id, request.deadline, request.cause};
    PendingMove& known = shard.pending[entry];
    if (!entry->pending || known != pending) {
      known = std::move(pending);
      entry->pending = true;
      Tell(StreamEvent::Kind::kChanged, shard, *entry, "its move waits for its publisher's end",
           request.cause);
    }
  } else {
    outcome.former_origin_id = MoveTo(shard, *entry, request.origin_id);
    Tell(StreamEvent::Kind::kChanged, shard, *entry, "moved", request.cause,
         outcome.former_origin_id);
  }
  outcome.mapping = ToMapping(shard, *entry);
  return outcome;
}

absl::StatusOr<StreamMapping> MemoryStreamDirectory::ReleaseEntry(Shard& shard,
                                                                  const StreamKey& key,
                                                                  uint64_t expected_version,
                                                                  bool force) {
  Entry* entry = FindEntry(shard, key);
  if (entry == nullptr) return NoMapping(key);
  if (expected_version != 0 && expected_version != entry->version) {
    return OtherVersion(key, entry->version, expected_version);
  }
  if (entry->in_use() && !force) {
    return absl::FailedPreconditionError(absl::StrCat("stream ", key.ToString(), " is used by ",
                                                      entry->publishers, " publishers and ",
                                                      entry->viewers, " viewers"));
  }
  StreamMapping mapping = ToMapping(shard, *entry);
  Remove(shard, *entry, "released by an operator");
  return mapping;
}

void MemoryStreamDirectory::SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id) {
  LeaveOrigin(shard, entry);
  entry.origin = &*shard.origins.try_emplace(origin_id).first;
  ++entry.origin->second.streams;
  if (entry.live_publishers > 0) ++entry.origin->second.live_publishers;
  entry.version = last_version_.fetch_add(1, std::memory_order_relaxed) + 1;
  entry.claimed_at_ns = absl::ToUnixNanos(clock_.WallNow());
}

std::string MemoryStreamDirectory::MoveTo(Shard& shard, Entry& entry,
                                          const std::string& origin_id) {
  std::string former = entry.origin->first;
  SetOrigin(shard, entry, origin_id);
  DropPending(shard, entry);
  entry.stays = true;
  return former;
}

void MemoryStreamDirectory::Rest(Shard& shard, Entry& entry) {
  if (!entry.stays) {
    Remove(shard, entry, "its last session has ended");
  } else if (!entry.is_linked()) {
    entry.idle_since = last_idle_.fetch_add(1, std::memory_order_relaxed) + 1;
    shard.idle.push_back(entry);
    shard.oldest_idle.store(shard.idle.front().idle_since, std::memory_order_relaxed);
  }
}

void MemoryStreamDirectory::Remove(Shard& shard, Entry& entry, std::string_view reason) {
  Tell(StreamEvent::Kind::kRemoved, shard, entry, reason);
  DropPending(shard, entry);
  LeaveOrigin(shard, entry);
  if (!entry.in_use()) Erase(shard, entry);
}

void MemoryStreamDirectory::Erase(Shard& shard, Entry& entry) {
  LeaveIdle(shard, entry);
  shard.entries.erase(shard.entries.find(*entry.path));
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void MemoryStreamDirectory::LeaveOrigin(Shard& shard, Entry& entry) {
  if (entry.origin == nullptr) return;
  Counts& counts = entry.origin->second;
  if (entry.live_publishers > 0) --counts.live_publishers;
  if (--counts.streams == 0) shard.origins.erase(shard.origins.find(entry.origin->first));
  entry.origin = nullptr;
}

void MemoryStreamDirectory::LeaveIdle(Shard& shard, Entry& entry) {
  if (!entry.is_linked()) return;
  shard.idle.erase(shard.idle.iterator_to(entry));
  shard.oldest_idle.store(shard.idle.empty() ? kNoneIdle : shard.idle.front().idle_since,
                          std::memory_order_relaxed);
}

bool MemoryStreamDirectory::DropPending(Shard& shard, Entry& entry) {
  if (!entry.pending) return false;
  entry.pending = false;
  shard.pending.erase(&entry);
  return true;
}

void MemoryStreamDirectory::Tell(StreamEvent::Kind kind, const Shard& shard, const Entry& entry,
                                 std::string_view reason, std::optional<MoveCause> cause,
                                 std::string former_origin_id) const {
  if (observers_.empty()) return;
  const StreamEvent event{kind, ToMapping(shard, entry), std::move(former_origin_id), reason,
                          cause};
  for (StreamObserver* observer : observers_) observer->OnStreamEvent(event);
}

StreamMapping MemoryStreamDirectory::ToMapping(const Shard& shard, const Entry& entry) {
  StreamMapping mapping;
  mapping.key = KeyOfStreamPath(*entry.path);
  mapping.origin_id = entry.origin->first;
  mapping.version = entry.version;
  mapping.provisional = entry.provisional;
  mapping.publisher_live = entry.live_publishers > 0;
  mapping.publishers = entry.publishers;
  mapping.viewers = entry.viewers;
  mapping.claimed_at = absl::FromUnixNanos(entry.claimed_at_ns);
  if (entry.pending) mapping.pending = shard.pending.find(&entry)->second;
  return mapping;
}

}  // namespace srsproxy
