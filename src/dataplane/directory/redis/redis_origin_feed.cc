// What Redis says, in RedisOriginStore: by the feed, and when everything is read.
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/origin_index.h"
#include "dataplane/directory/redis/redis_origin_store.h"

namespace srsproxy::redis {
namespace {

// Before the loss of Redis was noticed, what was sent may have been lost.
constexpr auto kLossMargin = std::chrono::seconds(5);
// Registrations that are read at once because an unknown origin gave a sign of life.
constexpr size_t kMaxFetched = 64;

}  // namespace

void RedisOriginStore::OnConnected() {
  {
    const std::lock_guard lock(mutex_);
    connected_ = true;
  }
  Flush();
}

void RedisOriginStore::OnLost() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(connected_, false)) lost_at_ = needs_.clock.Now() - kLossMargin;
}

void RedisOriginStore::OnEntry(const FeedEntry& entry) {
  if (const std::string_view history = entry.Get("history"); !history.empty()) {
    // A Redis that is new has no history before the first script.
    const std::lock_guard lock(mutex_);
    read_history_ = std::string(history);
  }
  if (entry.kind == "origin") return OnOriginEntry(entry);
  if (entry.kind == "decision") return OnDecisionEntry(entry);
  if (entry.kind == "beats" && !entry.here) OnBeatsEntry(entry);
}

void RedisOriginStore::OnOriginEntry(const FeedEntry& entry) {
  const auto fed = ReadFedOrigin(entry);
  if (!fed.ok()) {
    return broken_.Report(
        absl::StrCat(keys_.Make(KeyKind::kXFeed), " origin ", ToAbsl(entry.Get("id"))),
        MessageOf(fed.status()), kRemoveRemedy);
  }
  {
    const std::lock_guard lock(mutex_);
    const bool is_news = ledger_.Take(*fed, entry.here);
    ledger_.Refreshed(fed->id, needs_.clock.Now());
    if (!is_news) return;
    ledger_.Touch(fed->id, /*here=*/false, needs_.clock.Now());
  }
  Notify(*fed);
}

void RedisOriginStore::OnBeatsEntry(const FeedEntry& entry) {
  const BeatBatch batch = ParseBeats(entry.Get("origins"));
  const MonotonicTime now = needs_.clock.Now();
  std::vector<OriginBeat> beats;
  std::vector<std::string> unknown;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [beat, refreshed] : batch.beats) {
      if (refreshed) ledger_.Refreshed(beat.origin_id, now);
      if (ledger_.Touch(beat.origin_id, /*here=*/false, now)) {
        beats.push_back(beat);
      } else {
        unknown.push_back(beat.origin_id);
      }
    }
    for (const std::string& id : batch.in_use) {
      ledger_.Refreshed(id, now);
      if (ledger_.Find(id) == nullptr) unknown.push_back(id);
    }
  }
  record_observers_.ForEach([&](OriginStoreObserver* observer) {
    observer->OnBeats(beats);
    if (!batch.in_use.empty()) observer->OnOriginsInUse(batch.in_use);
  });
  FetchUnknown(std::move(unknown));
}

void RedisOriginStore::FetchUnknown(std::vector<std::string> ids) {
  for (std::string& id : ids) {
    {
      const std::lock_guard lock(mutex_);
      if (fetching_.size() >= kMaxFetched || !fetching_.insert(id).second) continue;
    }
    auto read = [this, id](const std::optional<KeptRecord>& kept) {
      {
        const std::lock_guard lock(mutex_);
        fetching_.erase(id);
      }
      if (kept.has_value()) AddFound(*kept, /*alive=*/true);
    };
    ReadOneOrigin(needs_.link, keys_, broken_, id, std::move(read));
  }
}

void RedisOriginStore::ReadAll(Link& bulk, ReadDone done) {
  {
    const std::lock_guard lock(mutex_);
    ledger_.BeginRead();
    decisions_.BeginRead();
  }
  auto read = [this, done = std::move(done)](absl::StatusOr<OriginsRead> all) mutable {
    if (!all.ok()) return done(all.status());
    OnRead(*std::move(all));
    done(absl::OkStatus());
  };
  ReadAllOrigins(bulk, keys_, broken_, std::move(read));
}

void RedisOriginStore::OnRead(OriginsRead read) {
  MendOriginIndex(needs_.scripts, read);
  const MonotonicTime now = needs_.clock.Now();
  OriginLedger::Found found;
  DecisionTable::Taken decided;
  {
    const std::lock_guard lock(mutex_);
    // Of another history nothing that is missing was removed: all of it is.
    const bool is_new = !read_history_.empty() && read.history != read_history_;
    const MonotonicTime all_alive = now - absl::ToChronoNanoseconds(ttl_.load());
    const MonotonicTime since = is_new ? all_alive : lost_at_.value_or(now);
    found = ledger_.TakeAll(std::move(read.origins), since, /*keeps_missing=*/is_new);
    decided = decisions_.TakeAll(std::move(read.overrides), is_new);
    lost_decisions_.insert(decided.lost.begin(), decided.lost.end());
    // While there is none, what is known is of the former.
    if (!read.history.empty()) read_history_ = std::move(read.history);
    lost_at_.reset();
  }
  record_observers_.ForEach([&](OriginStoreObserver* observer) {
    if (!found.put.empty()) observer->OnRecordsPut(found.put, /*alive=*/false);
    for (const std::string& id : found.removed) observer->OnRecordRemoved(id, OriginEnd{});
  });
  override_observers_.ForEach([&](OverridesCallback& callback) {
    for (const auto& [server, overrides] : decided.changed) callback(server, overrides);
  });
  Flush();
  RestoreDecisions();
}

}  // namespace srsproxy::redis
