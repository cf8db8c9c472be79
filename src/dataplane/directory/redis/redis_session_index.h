// RedisSessionIndex: what ids of HLS stand for, known to all proxies that share a Redis, Go proxies
// among them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/session_index.h"
#include "dataplane/directory/hls_ids.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

// Thread-safe. Ids that were used here are answered inline from a copy, also while Redis is away;
// others are looked up. Destroyed after the client has stopped.
class RedisSessionIndex final : public SessionIndex {
 public:
  // An id in use is written no more often.
  static constexpr absl::Duration kRenew = absl::Seconds(20);
  // Longer ids are nobody's.
  static constexpr size_t kMaxIdBytes = 128;
  // Look-ups that wait at once; one more is answered as unknown.
  static constexpr size_t kMaxOpen = 1000;

  // All outlive it. Of more than `max_ids` in the copy the least recently used are forgotten there.
  RedisSessionIndex(Link& link, const Keys& keys, const Clock& clock, const Logger& logger,
                    size_t max_ids = 200'000)
      : link_(link), keys_(keys), clock_(clock), broken_(logger), ids_(max_ids) {}
  ~RedisSessionIndex() override { Stop(); }

  void PutHls(std::string id, const StreamKey& key) override;
  void FindHls(std::string id, FoundCallback done) override;
  void Stop() override;

  size_t size() const;  // Of the copy.
  uint64_t broken() const { return broken_.count(); }

 private:
  // With mutex_ held: the key to write under the id, if that is due.
  std::optional<StreamKey> TakeDue(HlsIds::Entry& entry);
  void Write(const std::string& id, const StreamKey& key);
  void OnRead(uint64_t number, const std::string& id, const absl::StatusOr<Reply>& reply);
  std::optional<StreamKey> ReadKey(const std::string& id, const absl::StatusOr<Reply>& reply);

  Link& link_;
  const Keys& keys_;
  const Clock& clock_;
  BrokenKeys broken_;

  std::mutex answering_mutex_;  // Held while a look-up is answered on the thread of Redis.
  mutable std::mutex mutex_;    // Guards all below.
  bool stopped_ = false;
  HlsIds ids_;
  std::map<uint64_t, FoundCallback> open_;
  uint64_t next_open_ = 0;
};

}  // namespace srsproxy::redis
