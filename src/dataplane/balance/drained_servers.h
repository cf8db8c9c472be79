// DrainedServers: which servers are drained, by their overrides, and how far each is.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "dataplane/core/log.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

// How far the drain of a server is.
struct DrainCounts {
  size_t streams_left = 0;
  size_t publishers_left = 0;  // Streams of those with a live publisher.
  size_t streams_moved = 0;    // Away, since it began or this proxy started.
  size_t streams_stuck = 0;    // That nobody else can take now.
};

// The ids that streams of the server's origins may be mapped to, with those that they superseded.
std::vector<std::string> IdsOfServer(const OriginSnapshot& origins, std::string_view server);

// Thread-safe.
class DrainedServers {
 public:
  using ByServer = std::map<std::string, size_t, std::less<>>;

  // `logger` outlives it.
  explicit DrainedServers(const Logger& logger) : logger_(logger) {}

  // Takes over the overrides of `origins`. True: a drain has begun, ended or changed.
  bool Refresh(const OriginSnapshot& origins);

  bool any() const { return any_; }  // Without a lock.
  // Whether streams that are mapped to `origin_id` are to leave it.
  bool Contains(std::string_view origin_id) const;

  // A stream has left `origin_id`.
  void CountMoved(std::string_view origin_id);
  // Of all streams, those that nobody else can take; of a server that is not in it, none.
  void SetStuck(const ByServer& stuck);
  // Its streams_moved and streams_stuck.
  DrainCounts CountsOf(std::string_view server) const;

 private:
  struct Drain {
    OriginDrain drain;
    size_t moved = 0;
    size_t stuck = 0;
  };
  using Drains = std::map<std::string, Drain, std::less<>>;  // By server.

  const Logger& logger_;
  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;  // Guards all below.
  Drains drains_;
  absl::flat_hash_map<std::string, std::string> server_by_origin_;  // By origin id.
};

}  // namespace srsproxy
