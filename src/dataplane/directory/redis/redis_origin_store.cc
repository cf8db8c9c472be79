#include "dataplane/directory/redis/redis_origin_store.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy::redis {

RedisOriginStore::RedisOriginStore(Needs needs)
    : needs_(std::move(needs)), keys_(needs_.scripts.identity().keys), broken_(needs_.logger) {}

// ---- Registrations

void RedisOriginStore::PutRecord(const OriginRecord& record) {
  {
    const std::lock_guard lock(mutex_);
    ledger_.Put(record);
  }
  Flush();
}

void RedisOriginStore::RemoveRecord(std::string_view origin_id, const OriginEnd& end) {
  {
    const std::lock_guard lock(mutex_);
    ledger_.End(origin_id, end);
    if (const auto at = beats_.find(origin_id); at != beats_.end()) beats_.erase(at);
  }
  Flush();
}

void RedisOriginStore::RecordExpired(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  ledger_.Hide(origin_id);
}

std::vector<OriginRecord> RedisOriginStore::Records() const {
  const std::lock_guard lock(mutex_);
  return ledger_.Records();
}

bool RedisOriginStore::HearsAll() const {
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) return false;
  }
  return needs_.state() == StoreState::kSynced;
}

bool RedisOriginStore::IsIdle() const {
  const std::lock_guard lock(mutex_);
  return ledger_.IsWritten() && open_.empty();
}

void RedisOriginStore::Flush() {
  std::vector<OriginLedger::Write> writes;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || !connected_) return;
    writes = ledger_.TakeWrites(writes_left_);
    writes_left_ -= writes.size();
  }
  for (const OriginLedger::Write& write : writes) Write(write);
}

void RedisOriginStore::Write(const OriginLedger::Write& write) {
  std::vector<std::string> arguments;
  if (!write.record.has_value()) {
    arguments = EndArguments(write.id, write.end, write.expected);
  } else {
    const absl::Duration ttl = write.record->leaving ? kLeavingTtl : ttl_.load();
    arguments = PutArguments(*write.record, ttl, needs_.clock.WallNow(), write.expected);
  }
  auto answered = [this, id = write.id](const absl::StatusOr<ScriptRunner::Answer>& answer) {
    OnWritten(id, answer);
  };
  needs_.scripts.Run("register", arguments, std::move(answered));
}

void RedisOriginStore::OnWritten(const std::string& id,
                                 const absl::StatusOr<ScriptRunner::Answer>& answer) {
  const auto read =
      answer.ok() ? ReadRegisterAnswer(*answer) : absl::StatusOr<RegisterAnswer>(answer.status());
  const absl::Status outcome = read.status();
  ReportWrite(outcome);
  std::optional<FedOrigin> meanwhile;
  {
    const std::lock_guard lock(mutex_);
    meanwhile = ledger_.Written(id, read.ok() ? std::optional(*read) : std::nullopt);
    if (read.ok()) ledger_.Refreshed(id, needs_.clock.Now());
  }
  if (!read.ok()) return;  // Maybe inline, under a lock of who put it.
  if (meanwhile.has_value()) Notify(*meanwhile);
  Flush();
}

void RedisOriginStore::ReportWrite(const absl::Status& status) {
  // That Redis is away is logged by who notices it.
  if (absl::IsUnavailable(status) || absl::IsCancelled(status)) return;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(failing_, !status.ok()) == !status.ok()) return;
  }
  if (status.ok()) {
    needs_.logger.Info("registrations are written to Redis again");
  } else {
    needs_.logger.Error(
        "registrations cannot be written to Redis: other proxies do not learn of "
        "them until they can",
        {{"error", MessageOf(status)}});
  }
}

void RedisOriginStore::Notify(const FedOrigin& fed) {
  record_observers_.ForEach([&](OriginStoreObserver* observer) {
    if (fed.record.has_value()) {
      observer->OnRecordsPut({&*fed.record, 1}, /*alive=*/true);
    } else {
      observer->OnRecordRemoved(fed.id, fed.end);
    }
  });
}

// ---- For the keys of Go proxies

void RedisOriginStore::AddFound(const KeptRecord& kept, bool alive) {
  const FedOrigin fed{.id = kept.record.registration.Id(),
                      .revision = std::max<uint64_t>(kept.revision, 1),
                      .record = kept.record};
  const bool of_go = kept.revision == 0;
  {
    const std::lock_guard lock(mutex_);
    if (!ledger_.Take(fed, /*here=*/false)) return;
    // So that all proxies learn of it.
    if (of_go) ledger_.Put(kept.record);
  }
  record_observers_.ForEach([&](OriginStoreObserver* observer) {
    observer->OnRecordsPut({&kept.record, 1}, alive);
  });
  Flush();
}

void RedisOriginStore::AddBeat(const std::string& origin_id) {
  const OriginBeat beat{.origin_id = origin_id, .registered = true};
  RecordBeat(beat);
  record_observers_.ForEach([&](OriginStoreObserver* observer) { observer->OnBeats({&beat, 1}); });
}

void RedisOriginStore::AddEnd(const std::string& origin_id) {
  RemoveRecord(origin_id, OriginEnd{});
  record_observers_.ForEach(
      [&](OriginStoreObserver* observer) { observer->OnRecordRemoved(origin_id, OriginEnd{}); });
}

std::vector<std::string> RedisOriginStore::Ids() const {
  const std::lock_guard lock(mutex_);
  return ledger_.Ids();
}

uint64_t RedisOriginStore::shape() const {
  const std::lock_guard lock(mutex_);
  return ledger_.shape();
}

std::optional<OriginRecord> RedisOriginStore::Find(std::string_view origin_id) const {
  const std::lock_guard lock(mutex_);
  const OriginRecord* const record = ledger_.Find(origin_id);
  return record == nullptr ? std::nullopt : std::optional(*record);
}

std::vector<std::string> RedisOriginStore::TakeQuiet(absl::Duration quiet_for,
                                                     absl::Duration period, size_t limit) {
  const MonotonicTime now = needs_.clock.Now();
  const std::lock_guard lock(mutex_);
  return ledger_.TakeQuiet(now - absl::ToChronoNanoseconds(quiet_for), now, period, limit);
}

}  // namespace srsproxy::redis
