// Signs of life, in RedisOriginStore: what came together in a second is sent.
#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/directory/redis/redis_origin_store.h"

namespace srsproxy::redis {
namespace {

// A sign of life of longer ago is none to others.
constexpr auto kMaxBeatAge = std::chrono::seconds(15);
// Of x-beats. Who reads later than that learns of each origin's next sign of life.
constexpr std::string_view kKeptBatches = "256";

}  // namespace

void RedisOriginStore::RecordBeat(const OriginBeat& beat) {
  const MonotonicTime now = needs_.clock.Now();
  const std::lock_guard lock(mutex_);
  ledger_.Touch(beat.origin_id, /*here=*/true, now);
  const auto at = beats_.find(beat.origin_id);
  if (at == beats_.end()) {
    beats_.emplace(beat.origin_id, HeardBeat{beat, now});
  } else {
    // SRS registers, then sends a heartbeat: that says more.
    if (!beat.registered) at->second.beat = beat;
    at->second.at = now;
  }
}

void RedisOriginStore::RecordInUse(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  in_use_.emplace(origin_id);
}

void RedisOriginStore::Tick() {
  {
    const std::lock_guard lock(mutex_);
    // What is refused is tried now and then.
    writes_left_ = failing_ ? 1 : kWritesEachSecond;
  }
  Flush();
  RestoreDecisions();
  SendBeats();
}

void RedisOriginStore::SendBeats() {
  const MonotonicTime now = needs_.clock.Now();
  const absl::Duration period = std::min(kRefresh, ttl_.load() / 3);
  BeatBatch batch;
  std::vector<OriginRecord> refreshed;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || !connected_) {
      in_use_.clear();
      std::erase_if(beats_, [&](const auto& heard) { return now - heard.second.at > kMaxBeatAge; });
      return;
    }
    for (auto& [id, heard] : std::exchange(beats_, {})) {
      if (now - heard.at > kMaxBeatAge) continue;
      const bool refresh = ledger_.TakeRefresh(id, now, period);
      if (refresh) refreshed.push_back(*ledger_.Find(id));
      batch.beats.push_back({std::move(heard.beat), refresh});
    }
    for (const std::string& id : std::exchange(in_use_, {})) {
      if (!ledger_.TakeRefresh(id, now, kRefreshInUse)) continue;
      refreshed.push_back(*ledger_.Find(id));
      batch.in_use.push_back(id);
    }
  }
  for (const OriginRecord& record : refreshed) Refresh(record.registration.Id(), record);
  SendBatch(batch);
}

void RedisOriginStore::SendBatch(const BeatBatch& batch) {
  const auto send = [this](const BeatBatch& part) {
    const std::string key = keys_.Make(KeyKind::kXBeats);
    const std::string text = FormatBeats(part);
    const std::string_view command[] = {
        "XADD",    key,      "MAXLEN", "~",  kKeptBatches,
        "*",       "schema", "1",      "by", needs_.scripts.identity().proxy,
        "origins", text};
    needs_.link.Call("beats", command, [](const absl::StatusOr<Reply>&) {});
  };
  BeatBatch part;
  const auto send_full = [&] {
    if (part.beats.size() + part.in_use.size() < BeatBatch::kMaxOrigins) return;
    send(std::exchange(part, {}));
  };
  for (const BeatBatch::Beat& beat : batch.beats) {
    part.beats.push_back(beat);
    send_full();
  }
  for (const std::string& id : batch.in_use) {
    part.in_use.push_back(id);
    send_full();
  }
  if (!part.beats.empty() || !part.in_use.empty()) send(part);
}

void RedisOriginStore::Refresh(const std::string& id, const OriginRecord& record) {
  const absl::Duration ttl = record.leaving ? kLeavingTtl : ttl_.load();
  const std::string milliseconds = absl::StrCat(absl::ToInt64Milliseconds(ttl));
  const auto refresh = [&](KeyKind kind) {
    const std::string key = keys_.Make(kind, id);
    const std::string_view command[] = {"PEXPIRE", key, milliseconds};
    needs_.link.Call("refresh", command, [this, id](const absl::StatusOr<Reply>& reply) {
      if (!reply.ok()) return;
      const auto found = reply->AsInteger();
      if (!found.ok() || *found != 0) return;
      const std::lock_guard lock(mutex_);
      ledger_.Missing(id);
    });
  };
  refresh(KeyKind::kXOrigin);
  if (!IsOfGo(record)) refresh(KeyKind::kServer);
}

}  // namespace srsproxy::redis
