// FleetStreams: what this proxy asks Redis about streams and writes there of its sessions, with the
// table that shows what has come of it. The works of RedisStreamDirectory.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/redis/due_streams.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/postponed.h"
#include "dataplane/directory/redis/reconcile.h"
#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/directory/redis/stream_lanes.h"
#include "dataplane/directory/redis/stream_scripts.h"
#include "dataplane/directory/redis/use_ledger.h"
#include "dataplane/directory/stream_table.h"

namespace srsproxy::redis {

// Implemented in fleet_streams.cc; claims and holds in fleet_stream_claims.cc, how sessions are
// accepted in fleet_stream_acceptances.cc, and what is written of them in fleet_stream_uses.cc.
//
// Thread-safe. Holds keep it alive.
class FleetStreams final : public std::enable_shared_from_this<FleetStreams> {
 public:
  // For so long a Redis that has sent nothing is waited for: one whose connection was just cut is
  // not lost.
  static constexpr absl::Duration kPatience = absl::Seconds(1);

  FleetStreams(const Clock& clock, size_t max_streams, ScriptRunner& scripts, const FleetFeed& feed,
               absl::Duration patience);

  StreamTable& table() { return *table_; }
  bool IsIdle();
  // Whether what was to be written anew is.
  bool IsWritten();
  // Whether Redis has done what it was asked last.
  bool is_usable() const { return usable_; }
  // It has not, and is waited for no longer: this proxy decides by itself.
  bool is_alone() const { return !usable_ && clock_.Now() >= alone_from_.load(); }
  // Claims that were answered from the table, so far.
  uint64_t cache_hits() const { return cache_hits_.load(std::memory_order_relaxed); }
  void SetMaxStreams(size_t max_streams);
  void Stop();

  void Claim(ClaimRequest request, StreamClaims::ClaimCallback done);
  void Move(const MoveRequest& request, StreamClaims::MoveCallback done);
  void Release(const ReleaseRequest& request, StreamClaims::ReleaseCallback done);

  // What the feed tells of a stream. DATA_LOSS: it is not what scripts/stream.lua writes.
  absl::Status OnEntry(const FeedEntry& entry);
  // All records were shown.
  void FinishReading();

  // Redis can be used again, or cannot. On the thread of Redis.
  void SetUsable(bool usable);
  // Writes again what is written of this proxy's sessions, for Redis may have lost it, and
  // reconciles; paced by WriteSomeUses.
  void WriteAllUses();
  // To be called each 100 ms: writes what is due, of at most 200 streams, so that a Redis that
  // comes back is not overrun.
  void WriteSomeUses();
  // Has another look at what Redis has of the stream.
  void Recheck(const StreamKey& key);
  // Sessions of `key` here are as they are: writes what others have to know.
  void NoteUse(const StreamKey& key);

 private:
  class Hold;

  // Of a provisional record, which Redis forgets after 30 s.
  static constexpr auto kRenewal = std::chrono::seconds(10);
  static constexpr auto kSettleTime = std::chrono::seconds(6);  // And some.

  void Apply(const FedRecord& fed);

  // In place of the table's hold, the one that writes what becomes of it.
  void GiveOut(ClaimOutcome& outcome);
  // The use of `key` is written, or may be; or in doubt.
  void Wrote(const StreamKey& key, const StreamUse& rounded);
  void Doubt(const StreamKey& key);
  // A claim that is to be answered. It may wait, for the end of the settle time and for a Redis
  // that is to be reached again, and is made again then.
  struct OpenClaim {
    ClaimRequest request;
    StreamClaims::ClaimCallback done;
    // Its origin was chosen by the rule for a Redis that has gone.
    bool chosen_alone = false;
    MonotonicTime until;  // A settle time is over by then, unless another one has begun.
  };
  void AddClaim(OpenClaim claim);
  void AskClaim(OpenClaim claim, StreamLanes::Finished finished);
  void PostponeClaim(OpenClaim claim);
  // Redis cannot be asked now.
  void ClaimWithout(OpenClaim claim);
  // Has another look at it a second later: something waits for the end of the settle time.
  void AskAgain(const StreamKey& key);
  // Without a hold: it waits for the end of the settle time.
  absl::StatusOr<ClaimOutcome> SettleClaim(const ClaimRequest& request, const StreamUse& use,
                                           const absl::StatusOr<ScriptRunner::Answer>& answer);
  // Places or finds the stream without Redis.
  absl::StatusOr<ClaimOutcome> ClaimAlone(const ClaimRequest& request);
  struct OpenAcceptance {
    StreamKey key;
    std::shared_ptr<TableHold> hold;
    StreamHold::LiveCallback done;
    MonotonicTime until;  // As OpenClaim's.
  };
  void Accept(OpenAcceptance acceptance);
  void AskAcceptance(OpenAcceptance acceptance, StreamLanes::Finished finished);
  void AcceptWithout(OpenAcceptance acceptance);
  // The table decides; Redis is told when it is back.
  absl::Status AcceptAlone(const StreamKey& key, TableHold& hold);
  static absl::Status MarkLiveHere(TableHold& hold);
  // What this proxy has decided by itself is brought together with what Redis has, when it can.
  void Rewrite(const StreamKey& key);
  absl::Status SettleAcceptance(const StreamKey& key, TableHold& hold, StreamUse use,
                                const absl::StatusOr<ScriptRunner::Answer>& answer);
  // What is to be written anew, of at most `limit` streams.
  void WriteAnew(size_t limit);
  // Of what is due: writes of at most `limit` streams; returns of how many.
  size_t WriteDue(size_t limit);
  size_t RenewProvisional(size_t limit);
  // Has another look at those that were placed a second ago and that a Go proxy has overwritten.
  void CheckPlaced();
  void AddWrite(const StreamKey& key);
  void WriteUse(const StreamKey& key, StreamLanes::Finished finished);
  void SettleUse(const StreamKey& key, const StreamUse& use, bool reconciles,
                 const absl::StatusOr<ScriptRunner::Answer>& answer);
  // Unless this proxy stops, or has asked for too much at once, Redis cannot be used: it has failed
  // to do what it was asked.
  void NoteFailure(const absl::Status& why);
  // Redis cannot be used, and is waited for so long.
  void Lose(absl::Duration patience);
  // Whether an answer `why` means that Redis is to be waited for.
  bool IsAwaited(const absl::Status& why) const;
  // Whether what is not settled by `until` may wait for it: then no longer, though it be lost and
  // found again and again.
  bool MayWait(MonotonicTime until) const;
  // `record`: what Redis has; nullopt: nothing.
  void ReconcileWith(const StreamKey& key, const std::optional<StreamRecord>& record, bool rival);
  // Writes the stream anew, where it is here: in place of `record`, unless that has changed.
  void Restore(const StreamKey& key, const LocalPlacement& local,
               const std::optional<StreamRecord>& record, bool rival);
  // Its record has gone.
  void Forget(const StreamKey& key, const StreamChange& change, bool used_here);
  // Shows what a script has answered.
  void Show(const RecordAnswer& answer);

  const Clock& clock_;
  ScriptRunner& scripts_;
  const FleetFeed& feed_;
  const absl::Duration patience_;
  std::atomic<size_t> max_streams_;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> usable_{false};  // Written on the thread of Redis, as is:
  std::atomic<MonotonicTime> alone_from_{MonotonicTime()};  // While it is not usable.
  std::atomic<uint64_t> cache_hits_{0};
  std::mutex rewrites_mutex_;
  std::set<StreamKey> rewrites_;    // Streams whose use is to be written anew, and reconciled.
  std::set<StreamKey> reconciles_;  // Those of them of which that is asked for now.
  // Held by what reconciles a stream, or writes it anew.
  const std::shared_ptr<char> restoring_ = std::make_shared<char>();
  Postponed postponed_;
  const std::shared_ptr<StreamTable> table_;
  StreamLanes lanes_;
  UseLedger ledger_;
  DueStreams placed_;   // New ones, which a Go proxy may overwrite.
  DueStreams renewed_;  // Provisional ones, which Redis forgets unless they are.
  DueStreams due_;      // Those that wait for the end of the settle time.
};

}  // namespace srsproxy::redis
