// The StreamDirectory of a proxy that shares nothing.
#pragma once

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/container/node_hash_map.h>
#include <boost/intrusive/list.hpp>

#include "dataplane/core/clock.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// Thread-safe; answers claims inline. Mappings are spread over shards by app and stream, so that
// all vhosts of one app/stream share a shard; no call holds more than one shard's lock. About 200
// bytes for each mapping.
class MemoryStreamDirectory final : public StreamDirectory {
 public:
  // `max_streams`: PROXY_MAX_STREAMS. `clock` outlives the directory.
  MemoryStreamDirectory(const Clock& clock, size_t max_streams);
  ~MemoryStreamDirectory() override;

  std::optional<StreamMapping> Find(const StreamKey& key) const override;
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const override;
  void Claim(ClaimRequest request, ClaimCallback done) override;
  void MediaFlows(const StreamKey& key, Role role) override;
  void SessionEnded(const StreamKey& key, Role role, bool media_flowed) override;
  Page List(std::string_view after, size_t limit) const override;
  size_t size() const override { return size_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kShards = 64;
  static constexpr uint64_t kNoneIdle = std::numeric_limits<uint64_t>::max();

  // Origin id → mappings that name it.
  using OriginIds = absl::node_hash_map<std::string, uint32_t>;

  struct Entry : boost::intrusive::list_base_hook<> {
    const std::string* path = nullptr;        // Its key in Shard::entries.
    OriginIds::value_type* origin = nullptr;  // In Shard::origin_ids.
    uint64_t version = 0;
    uint64_t idle_since = 0;  // A position in the order of becoming idle; set while on the list.
    int64_t claimed_at_ns = 0;
    uint32_t publishers = 0;
    uint32_t viewers = 0;
    uint32_t live_publishers = 0;
    bool provisional = true;
    bool published = false;  // A publisher's media has flowed: stays when idle.
  };

  struct alignas(64) Shard {
    mutable std::mutex mutex;
    // By app, stream and vhost; see Path in the .cc file.
    std::map<std::string, Entry, std::less<>> entries;
    OriginIds origin_ids;
    boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>
        idle;                                      // Oldest first.
    std::atomic<uint64_t> oldest_idle{kNoneIdle};  // idle's front; read without the lock.
  };

  Shard& ShardOf(const StreamKey& key) const;
  // A slot below the cap, if need be that of an idle mapping.
  bool ReserveSlot();
  bool EvictOldestIdle();
  ClaimOutcome Join(Shard& shard, Entry& entry, const ClaimRequest& request);
  void SetOrigin(Shard& shard, Entry& entry, const std::string& origin_id);
  void Erase(Shard& shard, Entry& entry);
  static void ReleaseOrigin(Shard& shard, Entry& entry);
  static void LeaveIdle(Shard& shard, Entry& entry);
  static StreamMapping ToMapping(const Entry& entry);

  const Clock& clock_;
  const size_t max_streams_;
  std::atomic<size_t> size_{0};
  std::atomic<uint64_t> last_version_{0};
  std::atomic<uint64_t> last_idle_{0};
  const std::unique_ptr<Shard[]> shards_;
};

}  // namespace srsproxy
