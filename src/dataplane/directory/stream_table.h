// Streams and where they are, in memory: the table on which stores are built.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/node_hash_map.h>
#include <absl/functional/function_ref.h>
#include <boost/intrusive/list.hpp>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/stream_record.h"

namespace srsproxy {

// A hold as the table gives it out.
class TableHold : public StreamHold {
 public:
  TableHold(Role role_arg, uint64_t version_arg, std::string origin_id_arg)
      : role(role_arg), version(version_arg), origin_id(std::move(origin_id_arg)) {}

  // Whether MarkLive is answered OK and changes nothing that others have to know.
  virtual bool IsAccepted() const = 0;

  // The stream; not after End.
  virtual StreamKey Key() const = 0;

  // Ends the session. The stream, unless nobody else has to learn of it (StreamTable::SetCovered),
  // or it had ended.
  virtual std::optional<StreamKey> End() = 0;

  const Role role;
  // Of the mapping that was claimed; 0: this proxy placed it alone, by what others do not know.
  const uint64_t version;
  const std::string origin_id;  // Where that was.
};

// Implemented in stream_table.cc; as far as sessions use it in stream_table_holds.cc, moves and
// releases in stream_table_moves.cc, and what a shared store knows in stream_table_records.cc.
//
// Of one that decides by itself, Claim, Move and Release are called; of one that shows what a
// shared store decides, JoinKnown, JoinRecord and Apply. The session counts of the latter's
// mappings are this proxy's, the rest is what the store has said last.
//
// Thread-safe. Mappings are spread over shards by app and stream, so that all vhosts of one
// app/stream share a shard; no call holds more than one shard's lock. About 200 bytes for each
// mapping. The members that bear the names of StreamView's and StreamClaims' keep their promises.
//
// A move waits for every publisher's session, with media or still on its way to the origin. A
// pending move follows an origin that is superseded, and is forgotten when the stream is placed
// anew.
//
// A released mapping whose sessions have not ended keeps its slot, unseen, until they have or the
// stream is claimed anew; to the new mapping they count as its own, but their holds stand only if
// it is on the same origin.
class StreamTable final : public std::enable_shared_from_this<StreamTable> {
 public:
  enum class Decides : uint8_t { kTable, kStore };

  // `clock` outlives the table and every hold.
  StreamTable(const Clock& clock, size_t max_streams, Decides decides = Decides::kTable);
  StreamTable(const StreamTable&) = delete;
  StreamTable& operator=(const StreamTable&) = delete;
  ~StreamTable();

  std::optional<StreamMapping> Find(const StreamKey& key) const;
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const;
  StreamView::Page List(std::string_view after, size_t limit) const;
  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t in_use() const { return in_use_.load(std::memory_order_relaxed); }
  StreamView::Counts CountsOf(std::string_view origin_id) const;

  // The hold keeps the table alive.
  absl::StatusOr<ClaimOutcome> Claim(const ClaimRequest& request);
  absl::StatusOr<MoveOutcome> Move(const MoveRequest& request);
  absl::StatusOr<StreamMapping> Release(const ReleaseRequest& request);

  // A claim that nobody has to be asked about: a viewer's, of a mapping whose media flows and that
  // is not to be replaced. nullopt: it is not one.
  struct KnownClaim {
    ClaimOutcome outcome;
    bool covered = false;  // Nobody else has to learn of it.
  };
  std::optional<KnownClaim> JoinKnown(const ClaimRequest& request);
  // A claim whose answer was `record`. Observers are notified of `change`, unless the feed does it.
  // RESOURCE_EXHAUSTED as Claim: the caller's session is not counted.
  absl::StatusOr<ClaimOutcome> JoinRecord(const ClaimRequest& request, const StreamRecord& record,
                                          bool granted, const StreamChange& change);
  // Shows `record`, unless what is shown is later, and notifies observers of `change`, once for
  // each. A copy for which there is no room is left out; so is one that is not shown yet, unless
  // `change` has a reason. True: sessions of this proxy use the stream.
  bool Apply(const StreamRecord& record, const StreamChange& change);
  // Shows `record` whatever is shown, as the store has it now, and notifies observers unless
  // `silent`.
  void Refresh(const StreamRecord& record, bool silent);
  // Before the first Refresh of a round in which all are shown; then ForgetUnseen forgets what was
  // not, and notifies observers. It answers the streams of these that sessions of this proxy use,
  // which are shown on.
  void BeginRefresh() { ++round_; }
  std::vector<StreamKey> ForgetUnseen();
  StreamUse UseOf(const StreamKey& key) const;
  LocalPlacement PlacementOf(const StreamKey& key) const;
  // The stream is as it is shown, whoever is live elsewhere: those publishers here are lost.
  void EndStrays(const StreamKey& key);
  // While so many sessions of this proxy use the stream, viewers come and go without anybody else
  // having to learn of it. Until the record goes, or it is set anew.
  void SetCovered(const StreamKey& key, SessionRange sessions);
  // Of a stream that is as `record` says, with the sessions of this proxy.
  StreamMapping MappingOf(const StreamRecord& record) const;
  // Whether the feed brings what becomes of it.
  bool IsFed(const StreamKey& key) const;
  // The store does not have it, or nobody tells this proxy of its end: it is forgotten, unless
  // sessions of this proxy use it, or the feed is to tell what has become of it.
  void ForgetUnused(const StreamKey& key);

  void SetMaxStreams(size_t max_streams);

  Subscription Subscribe(StreamObserver& observer) { return observers_.Add(&observer); }
  // When it returns no observer is being called, nor will be.
  void Stop();

 private:
  class Hold;

  static constexpr size_t kShards = 64;
  static constexpr uint64_t kNoneIdle = std::numeric_limits<uint64_t>::max();

  using Counts = StreamView::Counts;
  // Origin id → what is counted of the mappings that name it.
  using Origins = absl::node_hash_map<std::string, Counts>;

  struct Entry : boost::intrusive::list_base_hook<> {
    const std::string* path = nullptr;      // Its key in Shard::entries.
    Origins::value_type* origin = nullptr;  // In Shard::origins. Null: new, or released.
    uint64_t version = 0;
    uint64_t placed_version = 0;  // As of which the stream has only followed its origin.
    uint64_t idle_since = 0;  // A position in the order of becoming idle; set while on the list.
    int64_t claimed_at_ns = 0;
    uint32_t publishers = 0;
    uint32_t viewers = 0;
    uint32_t live_publishers = 0;  // Those in Shard::live.
    bool provisional = true;
    bool retain_when_idle = false;
    bool pending = false;  // It has a move in Shard::pending.
    // Of a shared store's:
    bool used_anywhere = false;
    bool live_anywhere = false;
    bool announced = false;  // Observers know of it.
    bool alone = false;      // StreamRecord's.
    bool fed = false;        // StreamRecord's.
    uint32_t refreshed = 0;  // The round in which Refresh has shown it last.
    SessionRange covered;    // SetCovered's.
    uint64_t revision = 0;
    uint64_t rank = 0;  // StreamRecord's.

    bool used_here() const { return publishers > 0 || viewers > 0; }
    bool in_use() const { return used_here() || used_anywhere; }
    bool is_covered() const { return covered.contains(publishers + viewers); }
    bool is_live() const { return live_publishers > 0 || live_anywhere; }
  };

  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;  // By StreamPath.
    Origins origins;
    absl::flat_hash_map<const Entry*, PendingMove> pending;
    absl::flat_hash_map<const Entry*, std::vector<Hold*>> live;  // Publishers', marked live.
    // Where observers believe a stream to be that was shown elsewhere since, as the feed is to
    // tell.
    absl::flat_hash_map<const Entry*, std::string> believed;
    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>
        idle;                                      // Oldest first.
    std::atomic<uint64_t> oldest_idle{kNoneIdle};  // idle's front; read without the lock.
  };

  using LostCallbacks = std::vector<StreamHold::LostCallback>;

  Shard& ShardOf(const StreamKey& key) const;
  // A slot below the cap; with any shard locked.
  bool TakeFreeSlot();
  // The same, if need be that of an idle mapping; with none locked.
  bool ReserveSlot();
  bool EvictOldestIdle();

  // Calls `use(shard, entry)` with the shard locked: the entry of `key`, or a new one.
  // RESOURCE_EXHAUSTED: there is no room for it.
  absl::Status WithEntry(const StreamKey& key, absl::FunctionRef<void(Shard&, Entry&)> use);
  // What holds call. `lost`: who has to be called, without the lock.
  absl::Status MarkLive(Hold& hold, LostCallbacks& lost);
  std::optional<StreamKey> EndSession(Hold& hold);

  // All of these are called with the shard locked.
  // Null when there is none, or it was released.
  static Entry* FindEntry(Shard& shard, const StreamKey& key);
  static std::optional<StreamMapping> InOtherVhost(const Shard& shard, const StreamKey& key);
  // Where a granted claim places the stream.
  static std::string OriginFor(const Shard& shard, const ClaimRequest& request);
  ClaimOutcome Join(Shard& shard, Entry& entry, const ClaimRequest& request);
  ClaimOutcome AddSession(Shard& shard, Entry& entry, Role role, bool granted);
  void Show(Shard& shard, Entry& entry, const StreamRecord& record);
  // What observers are notified of when `record` replaces `entry`, and nobody says why.
  static StreamChange LearnedOf(Shard& shard, const Entry& entry, const StreamRecord& record);
  bool ApplyTo(Shard& shard, Entry& entry, const StreamRecord& record, StreamChange change);
  // Says where the stream was when observers believe it to be elsewhere than `record` is, and the
  // feed will not tell: it did not while the record was provisional.
  static void AddDeparture(Shard& shard, const Entry& entry, const StreamRecord& record,
                           StreamChange& change);
  void Forget(Shard& shard, Entry& entry, const StreamChange& change);
  void Announce(Entry& entry, const StreamRecord& record, const StreamChange& change);
  // Live publishers whose hold does not stand: they count as live no more.
  static void TakeLost(Shard& shard, Entry& entry, LostCallbacks& lost);
  static void CallLost(LostCallbacks& lost);
  // Whether the mapping that the hold belongs to is that of now.
  static bool Stands(const Entry& entry, const Hold& hold);
  static bool IsPublishedOn(const Shard& shard, const Entry& entry, std::string_view origin_id);
  // True: it is the first one where the stream is.
  bool AddLivePublisher(Shard& shard, Entry& entry, Hold& hold, LostCallbacks& lost);
  // True: it was the last one.
  static bool RemoveLivePublisher(Shard& shard, Entry& entry, const Hold& hold);
  absl::StatusOr<MoveOutcome> MoveEntry(Shard& shard, const MoveRequest& request);
  absl::StatusOr<StreamMapping> ReleaseEntry(Shard& shard, const ReleaseRequest& request);
  void SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id);
  void EnterOrigin(Shard& shard, Entry& entry, const std::string& origin_id);
  // Reports the change; returns where the stream was.
  std::string JoinPublisher(Shard& shard, Entry& entry, const MoveRequest& request);
  void SetPending(Shard& shard, Entry& entry, PendingMove pending);
  std::string MoveTo(Shard& shard, Entry& entry, const std::string& origin_id);
  void MarkIdle(Shard& shard, Entry& entry);
  void LinkIdle(Shard& shard, Entry& entry);
  // Reports that the mapping is gone, and forgets it.
  void Remove(Shard& shard, Entry& entry, StreamEventReason reason);
  void Erase(Shard& shard, Entry& entry);
  void LeaveOrigin(Shard& shard, Entry& entry);
  static void UnmarkIdle(Shard& shard, Entry& entry);
  // False: there was none.
  static bool DropPending(Shard& shard, Entry& entry);
  void AddLoad(Origins::value_type& origin, int change);
  void Notify(StreamEvent::Kind kind, const Shard& shard, const Entry& entry,
              StreamEventReason reason, std::optional<MoveCause> cause = std::nullopt,
              std::string former_origin_id = {}) const;
  static StreamMapping ToMapping(const Shard& shard, const Entry& entry);
  static StreamMapping ToMapping(const StreamRecord& record, const Entry& entry);
  static StreamRecord RecordOf(const Shard& shard, const Entry& entry);
  bool decides() const { return decides_ == Decides::kTable; }

  const Clock& clock_;
  const Decides decides_;
  std::atomic<size_t> max_streams_;
  Subscribers<StreamObserver*> observers_;
  std::atomic<bool> stopped_{false};
  std::atomic<size_t> size_{0};
  std::atomic<size_t> in_use_{0};
  std::atomic<uint64_t> last_version_{0};
  std::atomic<uint64_t> last_idle_{0};
  std::atomic<uint32_t> round_{0};  // Of Refresh.
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace srsproxy
