// RedisOriginStore: the registrations and operators' decisions that proxies share through Redis.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/directory/redis/beat_batch.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/decision_table.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/origin_ledger.h"
#include "dataplane/directory/redis/origin_reader.h"
#include "dataplane/directory/redis/origin_scripts.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// Thread-safe. What it answers is the copy that the feed keeps; what it writes is sent at once
// while Redis is there, and when it is back. Destroyed after the client has stopped.
class RedisOriginStore final : public OriginStore, public FeedObserver {
 public:
  // How often the TTL of an origin's keys is refreshed while it gives signs of life, by whichever
  // proxy gets one; while it is only in use.
  static constexpr absl::Duration kRefresh = absl::Seconds(100);
  static constexpr absl::Duration kRefreshInUse = absl::Seconds(10);
  // The TTL of an origin that was deregistered, while it is in use.
  static constexpr absl::Duration kLeavingTtl = absl::Seconds(60);
  // Registrations that are written in a second, at most.
  static constexpr size_t kWritesEachSecond = 500;

  // All outlive the store.
  struct Needs {
    ScriptRunner& scripts;
    Link& link;
    const Clock& clock;
    const Logger& logger;
    std::function<StoreState()> state;  // Of the feed.
  };

  // To be added to the feed for the kinds "origin", "decision" and "beats".
  explicit RedisOriginStore(Needs needs);
  ~RedisOriginStore() override { Stop(); }

  void PutRecord(const OriginRecord& record) override;
  void RemoveRecord(std::string_view origin_id, const OriginEnd& end) override;
  void RecordLeaving(const OriginRecord& record) override { PutRecord(record); }
  void RecordExpired(std::string_view origin_id) override;
  void RecordBeat(const OriginBeat& beat) override;
  void RecordInUse(std::string_view origin_id) override;
  void SetTtl(absl::Duration ttl) override { ttl_ = ttl; }
  bool HearsAll() const override;
  std::vector<OriginRecord> Records() const override;
  Subscription SubscribeRecords(OriginStoreObserver& observer) override {
    return record_observers_.Add(&observer);
  }

  OriginOverrides Overrides(std::string_view server) const override;
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override;
  void ChangeOverrides(std::string server, OverridesChange change,
                       ChangeOverridesCallback done) override;
  Subscription Subscribe(OverridesCallback callback) override {
    return override_observers_.Add(std::move(callback));
  }
  void Stop() override;

  void ReadAll(Link& bulk, ReadDone done) override;
  void OnEntry(const FeedEntry& entry) override;

  // Redis is reached, or no longer is.
  void OnConnected();
  void OnLost();
  // Sends what has come together; call it each second.
  void Tick();

  // ---- For what looks after the keys of Go proxies, on the thread of Redis

  // What was found in Redis, and is unknown here. `alive`: as OriginStoreObserver has it.
  void AddFound(const KeptRecord& kept, bool alive);
  // It gave a sign of life, or its registration has ended, at a Go proxy.
  void AddBeat(const std::string& origin_id);
  void AddEnd(const std::string& origin_id);
  // Any thread.
  std::vector<std::string> Ids() const;
  uint64_t shape() const;  // Changes with Ids().
  std::optional<OriginRecord> Find(std::string_view origin_id) const;
  std::vector<std::string> TakeQuiet(absl::Duration quiet_for, absl::Duration period, size_t limit);

  // Values that were passed over, since the start.
  uint64_t broken() const { return broken_.count(); }
  BrokenKeys& broken_keys() { return broken_; }
  // Whether Redis has all that was decided here.
  bool IsIdle() const;

 private:
  struct HeardBeat {
    OriginBeat beat;
    MonotonicTime at;
  };

  void Flush();
  void Write(const OriginLedger::Write& write);
  void OnWritten(const std::string& id, const absl::StatusOr<ScriptRunner::Answer>& answer);
  void ReportWrite(const absl::Status& status);
  void Refresh(const std::string& id, const OriginRecord& record);
  void SendBeats();
  void SendBatch(const BeatBatch& batch);

  // On the thread of Redis, with no lock held.
  void Notify(const FedOrigin& fed);
  void OnOriginEntry(const FeedEntry& entry);
  void OnDecisionEntry(const FeedEntry& entry);
  void OnBeatsEntry(const FeedEntry& entry);
  void FetchUnknown(std::vector<std::string> ids);
  void OnRead(OriginsRead read);
  void OnDecided(uint64_t number, const std::string& server,
                 const absl::StatusOr<ScriptRunner::Answer>& answer);
  absl::StatusOr<OriginOverrides> TakeDecision(const std::string& server,
                                               absl::StatusOr<KeptOverrides> kept);
  // Writes again what Redis has lost, some of it.
  void RestoreDecisions();
  void ReportBroken(const std::string& server, const KeptOverrides& kept);

  const Needs needs_;
  const Keys& keys_;
  BrokenKeys broken_;
  std::atomic<absl::Duration> ttl_{absl::Seconds(300)};
  Subscribers<OriginStoreObserver*> record_observers_;
  Subscribers<OverridesCallback> override_observers_;

  std::mutex answering_mutex_;  // Held while a decision is reported and answered.
  mutable std::mutex mutex_;    // Guards all below.
  bool stopped_ = false;
  bool connected_ = false;
  std::optional<MonotonicTime> lost_at_;  // Since everything was read last.
  std::string read_history_;
  OriginLedger ledger_;
  size_t writes_left_ = kWritesEachSecond;               // In this second.
  bool failing_ = false;                                 // The last write was refused.
  std::map<std::string, HeardBeat, std::less<>> beats_;  // Here, since the last batch.
  std::set<std::string, std::less<>> in_use_;            // Here, since the last batch.
  std::set<std::string> fetching_;
  DecisionTable decisions_;
  std::set<std::string> lost_decisions_;  // Servers of which Redis has lost what was decided.
  std::map<uint64_t, ChangeOverridesCallback> open_;
  uint64_t next_open_ = 0;
};

}  // namespace srsproxy::redis
