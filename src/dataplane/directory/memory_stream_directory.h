// The StreamDirectory of a proxy that shares nothing.
#pragma once

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/container/node_hash_map.h>
#include <boost/intrusive/list.hpp>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/pin_table.h"

namespace srsproxy {

// Thread-safe; answers inline. Mappings are spread over shards by app and stream, so that all
// vhosts of one app/stream share a shard; no call holds more than one shard's lock. About 200 bytes
// for each mapping.
//
// A move waits for every publisher's session, with media or still on its way to the origin: one
// that has picked the former origin would else publish there after the move. A pending move follows
// an origin that is superseded, and is forgotten when the stream is placed anew.
//
// A released mapping whose sessions have not ended keeps its slot, unseen, until they have or the
// stream is claimed anew; to the new mapping they count as its own.
class MemoryStreamDirectory final : public StreamDirectory {
 public:
  // `max_streams`: PROXY_MAX_STREAMS. `clock` outlives the directory. Pins are kept in `state`;
  // null: in memory alone.
  MemoryStreamDirectory(const Clock& clock, size_t max_streams,
                        std::shared_ptr<StateFile> state = nullptr);
  ~MemoryStreamDirectory() override;

  // Idle mappings above a lower cap leave, oldest first; those in use stay.
  void SetMaxStreams(size_t max_streams);

  std::optional<StreamMapping> Find(const StreamKey& key) const override;
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override;
  void Claim(ClaimRequest request, ClaimCallback done) override;
  void MediaFlows(const StreamKey& key, Role role) override;
  void SessionEnded(const StreamKey& key, Role role, bool media_flowed) override;
  Page List(std::string_view after, size_t limit) const override;
  size_t size() const override { return size_.load(std::memory_order_relaxed); }
  Counts CountsOf(std::string_view origin_id) const override;
  void Move(MoveRequest request, MoveCallback done) override;
  void Release(const StreamKey& key, uint64_t expected_version, bool force,
               ReleaseCallback done) override;
  void Pin(StreamPin pin, PinCallback done) override { done(pins_.Pin(std::move(pin))); }
  void Unpin(const StreamKey& key, PinCallback done) override { done(pins_.Unpin(key)); }
  std::optional<std::string> PinnedServer(const StreamKey& key) const override {
    return pins_.PinnedServer(key);
  }
  PinPage ListPins(std::string_view after, size_t limit) const override {
    return pins_.List(after, limit);
  }
  void AddObserver(StreamObserver& observer) override { observers_.push_back(&observer); }

 private:
  static constexpr size_t kShards = 64;
  static constexpr uint64_t kNoneIdle = std::numeric_limits<uint64_t>::max();

  // Origin id → what is counted of the mappings that name it.
  using Origins = absl::node_hash_map<std::string, Counts>;

  struct Entry : boost::intrusive::list_base_hook<> {
    const std::string* path = nullptr;      // Its key in Shard::entries.
    Origins::value_type* origin = nullptr;  // In Shard::origins. Null: new, or released.
    uint64_t version = 0;
    uint64_t idle_since = 0;  // A position in the order of becoming idle; set while on the list.
    int64_t claimed_at_ns = 0;
    uint32_t publishers = 0;
    uint32_t viewers = 0;
    uint32_t live_publishers = 0;
    bool provisional = true;
    bool stays = false;    // When idle.
    bool pending = false;  // It has a move in Shard::pending.

    bool in_use() const { return publishers > 0 || viewers > 0; }
  };

  struct alignas(64) Shard {
    mutable std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;  // By StreamPath.
    Origins origins;
    absl::flat_hash_map<const Entry*, PendingMove> pending;
    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>
        idle;                                      // Oldest first.
    std::atomic<uint64_t> oldest_idle{kNoneIdle};  // idle's front; read without the lock.
  };

  Shard& ShardOf(const StreamKey& key) const;
  // A slot below the cap, if need be that of an idle mapping.
  bool ReserveSlot();
  bool EvictOldestIdle();

  // All of these are called with the shard locked.
  // Null when there is none, or it was released.
  static Entry* FindEntry(Shard& shard, const StreamKey& key);
  ClaimOutcome Join(Shard& shard, Entry& entry, const ClaimRequest& request);
  absl::StatusOr<MoveOutcome> MoveEntry(Shard& shard, const MoveRequest& request);
  absl::StatusOr<StreamMapping> ReleaseEntry(Shard& shard, const StreamKey& key,
                                             uint64_t expected_version, bool force);
  void SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id);
  // Returns the former origin's id.
  std::string MoveTo(Shard& shard, Entry& entry, const std::string& origin_id);
  void Rest(Shard& shard, Entry& entry);
  // Tells that the mapping is gone, and forgets it.
  void Remove(Shard& shard, Entry& entry, std::string_view reason);
  void Erase(Shard& shard, Entry& entry);
  static void LeaveOrigin(Shard& shard, Entry& entry);
  static void LeaveIdle(Shard& shard, Entry& entry);
  // False: there was none.
  static bool DropPending(Shard& shard, Entry& entry);
  void Tell(StreamEvent::Kind kind, const Shard& shard, const Entry& entry, std::string_view reason,
            std::optional<MoveCause> cause = std::nullopt, std::string former_origin_id = {}) const;
  static StreamMapping ToMapping(const Shard& shard, const Entry& entry);

  const Clock& clock_;
  std::atomic<size_t> max_streams_;
  PinTable pins_;
  std::vector<StreamObserver*> observers_;
  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> last_version_{0};
  std::atomic<uint64_t> last_idle_{0};
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace srsproxy
