// How sessions use the table: claims, and the holds that they answer with.
#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/store_status.h"
#include "dataplane/directory/stream_path.h"
#include "dataplane/directory/stream_table.h"

namespace srsproxy {

// A session's share in an entry, which is kept as long as a hold that has not ended counts in it.
class StreamTable::Hold final : public TableHold {
 public:
  Hold(std::shared_ptr<StreamTable> table, Shard& its_shard, Entry& its_entry, Role its_role)
      : TableHold(its_role, its_entry.alone ? 0 : its_entry.version, its_entry.origin->first),
        shard(its_shard),
        entry(its_entry),
        rank(its_entry.rank),
        claimed_at_ns(its_entry.claimed_at_ns),
        table_(std::move(table)) {}
  ~Hold() override { End(); }

  void MarkLive(LiveCallback done) override {
    LostCallbacks others;
    absl::Status status = table_->MarkLive(*this, others);
    // This may be gone when `done` returns.
    CallLost(others);
    done(std::move(status));
  }
  void WhenLost(LostCallback callback) override {
    const std::lock_guard lock(shard.mutex);
    lost = std::move(callback);
  }
  void Refused() override { End(); }
  StreamKey Key() const override { return KeyOfStreamPath(*entry.path); }
  std::optional<StreamKey> End() override { return table_->EndSession(*this); }
  bool IsAccepted() const override {
    const std::lock_guard lock(shard.mutex);
    if (ended || marked) return true;
    return role == Role::kViewer && Stands(entry, *this) && !entry.provisional;
  }

  Shard& shard;
  Entry& entry;
  const uint64_t rank;  // Of the mapping that was claimed, as is:
  const int64_t claimed_at_ns;
  // With the shard locked.
  bool marked = false;
  bool ended = false;
  LostCallback lost;

 private:
  const std::shared_ptr<StreamTable> table_;
};

absl::Status StreamTable::WithEntry(const StreamKey& key,
                                    absl::FunctionRef<void(Shard&, Entry&)> use) {
  Shard& shard = ShardOf(key);
  std::string path = StreamPath(key);
  // Written once: who holds the entry reads it without the shard locked.
  const auto use_new = [&](auto at) {
    at->second.path = &at->first;
    use(shard, at->second);
    return absl::OkStatus();
  };
  {
    const std::lock_guard lock(shard.mutex);
    const auto at = shard.entries.lower_bound(path);
    if (at != shard.entries.end() && at->first == path) {
      use(shard, at->second);
      return absl::OkStatus();
    }
    if (TakeFreeSlot()) return use_new(shard.entries.try_emplace(at, std::move(path)));
  }
  // Not with the shard locked: the slot may have to come from another shard.
  if (!ReserveSlot()) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted,
                        absl::StrCat("all ", max_streams_.load(),
                                     " streams of PROXY_MAX_STREAMS are in use: raise it"));
  }
  const std::lock_guard lock(shard.mutex);
  const auto [at, inserted] = shard.entries.try_emplace(std::move(path));
  if (inserted) return use_new(at);
  size_.fetch_sub(1, std::memory_order_relaxed);
  use(shard, at->second);
  return absl::OkStatus();
}

absl::StatusOr<ClaimOutcome> StreamTable::Claim(const ClaimRequest& request) {
  if (stopped_) return StoreStopped();
  ClaimOutcome outcome;
  const absl::Status room = WithEntry(
      request.key, [&](Shard& shard, Entry& entry) { outcome = Join(shard, entry, request); });
  if (!room.ok()) return room;
  return outcome;
}

absl::Status StreamTable::MarkLive(Hold& hold, LostCallbacks& lost) {
  Shard& shard = hold.shard;
  const std::lock_guard lock(shard.mutex);
  if (stopped_) return StoreStopped();
  if (hold.ended || std::exchange(hold.marked, true)) return absl::OkStatus();
  Entry& entry = hold.entry;
  if (entry.origin == nullptr) return PlacementReleased();
  if (!Stands(entry, hold)) {
    const bool with_publisher =
        hold.role == Role::kViewer && IsPublishedOn(shard, entry, hold.origin_id);
    return with_publisher ? absl::OkStatus() : PlacementSuperseded();
  }
  const bool first_media = std::exchange(entry.provisional, false);
  const bool first_publisher =
      hold.role == Role::kPublisher && AddLivePublisher(shard, entry, hold, lost);
  if (!decides()) return absl::OkStatus();
  if (first_publisher) {
    Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kPublisherLive);
  } else if (first_media) {
    Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kMediaFlows);
  }
  return absl::OkStatus();
}

bool StreamTable::AddLivePublisher(Shard& shard, Entry& entry, Hold& hold, LostCallbacks& lost) {
  TakeLost(shard, entry, lost);
  std::vector<Hold*>& live = shard.live[&entry];
  const bool first_here = live.empty();
  live.push_back(&hold);
  entry.retain_when_idle = true;
  if (!entry.is_live()) ++entry.origin->second.live_publishers;
  ++entry.live_publishers;
  return first_here;
}

void StreamTable::TakeLost(Shard& shard, Entry& entry, LostCallbacks& lost) {
  const auto live = shard.live.find(&entry);
  if (live == shard.live.end()) return;
  std::vector<Hold*> ends;
  std::copy_if(live->second.begin(), live->second.end(), std::back_inserter(ends),
               [&](const Hold* hold) { return !Stands(entry, *hold); });
  for (Hold* hold : ends) {
    if (hold->lost != nullptr) lost.push_back(std::exchange(hold->lost, nullptr));
    const bool last_live = RemoveLivePublisher(shard, entry, *hold);
    if (last_live && !entry.is_live()) --entry.origin->second.live_publishers;
  }
}

void StreamTable::EndStrays(const StreamKey& key) {
  LostCallbacks lost;
  {
    Shard& shard = ShardOf(key);
    const std::lock_guard lock(shard.mutex);
    if (Entry* entry = FindEntry(shard, key)) TakeLost(shard, *entry, lost);
  }
  CallLost(lost);
}

void StreamTable::CallLost(LostCallbacks& lost) {
  for (StreamHold::LostCallback& callback : lost) callback(PlacementSuperseded());
}

bool StreamTable::RemoveLivePublisher(Shard& shard, Entry& entry, const Hold& hold) {
  const auto at = shard.live.find(&entry);
  if (at == shard.live.end() || std::erase(at->second, &hold) == 0) return false;
  if (at->second.empty()) shard.live.erase(at);
  return --entry.live_publishers == 0;
}

std::optional<StreamKey> StreamTable::EndSession(Hold& hold) {
  Shard& shard = hold.shard;
  const std::lock_guard lock(shard.mutex);
  if (std::exchange(hold.ended, true)) return std::nullopt;
  Entry& entry = hold.entry;
  --(hold.role == Role::kPublisher ? entry.publishers : entry.viewers);
  std::optional<StreamKey> noted;
  const bool covered = hold.role == Role::kViewer && entry.is_covered();
  if (!decides() && !covered) noted = hold.Key();
  const bool last_live = RemoveLivePublisher(shard, entry, hold);
  if (entry.origin == nullptr) {
    if (!entry.in_use()) Erase(shard, entry);
    return noted;
  }
  if (last_live && !entry.is_live()) --entry.origin->second.live_publishers;
  if (!entry.in_use()) AddLoad(*entry.origin, -1);
  if (!decides()) {
    if (!entry.in_use()) LinkIdle(shard, entry);
    return noted;
  }
  if (entry.pending && entry.publishers == 0) {
    const PendingMove move = shard.pending.find(&entry)->second;
    std::string former = MoveTo(shard, entry, move.origin_id);
    Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kMovedAtPublishersEnd,
           move.cause, std::move(former));
  } else if (last_live) {
    Notify(StreamEvent::Kind::kChanged, shard, entry, StreamEventReason::kPublisherEnded);
  }
  if (!entry.in_use()) MarkIdle(shard, entry);
  return noted;
}

std::string StreamTable::OriginFor(const Shard& shard, const ClaimRequest& request) {
  if (!request.other_vhost_origin.has_value()) return request.origin_id;
  auto other = InOtherVhost(shard, request.key);
  const bool joins = other.has_value() && other->origin_id != *request.other_vhost_origin &&
                     JoinsOtherVhost(request.role, *other);
  return joins ? std::move(other->origin_id) : request.origin_id;
}

ClaimOutcome StreamTable::Join(Shard& shard, Entry& entry, const ClaimRequest& request) {
  ClaimOutcome outcome;
  std::string former;
  const bool placed = entry.origin == nullptr;
  const bool replaced = !placed && request.replaces_version != 0 &&
                        request.replaces_version == entry.version &&
                        !(request.unless_live && entry.live_publishers > 0);
  const bool inherits = replaced && request.inherits;
  outcome.granted = placed || replaced;
  if (replaced) former = entry.origin->first;
  if (outcome.granted) {
    SetOrigin(shard, entry, inherits ? request.origin_id : OriginFor(shard, request));
    if (!inherits) {
      entry.placed_version = entry.version;
      entry.provisional = true;
      entry.retain_when_idle = false;
    }
    if (entry.pending &&
        (!inherits || shard.pending.find(&entry)->second.origin_id == request.origin_id)) {
      DropPending(shard, entry);
    }
  }
  outcome = AddSession(shard, entry, request.role, outcome.granted);
  if (placed) {
    Notify(StreamEvent::Kind::kPlaced, shard, entry,
           request.role == Role::kPublisher ? StreamEventReason::kToBePublished
                                            : StreamEventReason::kToBeViewed);
  } else if (replaced) {
    Notify(StreamEvent::Kind::kChanged, shard, entry,
           inherits ? StreamEventReason::kSuperseded : StreamEventReason::kUnusable,
           inherits ? MoveCause::kSuperseded : MoveCause::kUnusable, std::move(former));
  }
  return outcome;
}

ClaimOutcome StreamTable::AddSession(Shard& shard, Entry& entry, Role role, bool granted) {
  if (!entry.in_use()) AddLoad(*entry.origin, 1);
  ++(role == Role::kPublisher ? entry.publishers : entry.viewers);
  UnmarkIdle(shard, entry);
  return {.mapping = ToMapping(shard, entry),
          .granted = granted,
          .hold = std::make_unique<Hold>(shared_from_this(), shard, entry, role)};
}

bool StreamTable::Stands(const Entry& entry, const Hold& hold) {
  if (entry.origin == nullptr) return false;
  // Where it has gone and come back, too, the session is where the stream is.
  return hold.version >= entry.placed_version || hold.origin_id == entry.origin->first;
}

StreamUse StreamTable::UseOf(const StreamKey& key) const { return PlacementOf(key).use; }

LocalPlacement StreamTable::PlacementOf(const StreamKey& key) const {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Entry* entry = FindEntry(shard, key);
  if (entry == nullptr) return {};
  LocalPlacement local{.use = {.publishers = entry->publishers,
                               .live_publishers = entry->live_publishers,
                               .sessions = entry->publishers + entry->viewers},
                       .origin_id = entry->origin->first,
                       .rank = entry->rank,
                       .claimed_at = absl::FromUnixNanos(entry->claimed_at_ns),
                       .flows = !entry->provisional,
                       .retain_when_idle = entry->retain_when_idle};
  const auto live = shard.live.find(entry);
  if (live == shard.live.end()) return local;
  // One that has followed its origin is where the stream is.
  const bool any_stands = std::any_of(live->second.begin(), live->second.end(),
                                      [&](const Hold* hold) { return Stands(*entry, *hold); });
  if (!any_stands) {
    const Hold& elsewhere = *live->second.back();
    local.origin_id = elsewhere.origin_id;
    local.rank = elsewhere.rank;
    local.claimed_at = absl::FromUnixNanos(elsewhere.claimed_at_ns);
  }
  local.use.live_origin = local.origin_id;
  return local;
}

bool StreamTable::IsPublishedOn(const Shard& shard, const Entry& entry,
                                std::string_view origin_id) {
  const auto at = shard.live.find(&entry);
  return at != shard.live.end() &&
         std::any_of(at->second.begin(), at->second.end(),
                     [&](const Hold* publisher) { return publisher->origin_id == origin_id; });
}

}  // namespace srsproxy
