// DeadSweep: takes back what proxies that have died still hold of streams, so that nobody waits for
// them: moves that wait for their publishers, names that are in use for nobody.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "dataplane/directory/redis/redis_fleet.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// On the thread of Redis. Done by the driver alone: each script that it runs carries the number of
// its lease.
class DeadSweep {
 public:
  // Streams that are taken back at once, about, and before the next call of Tick.
  static constexpr size_t kAtOnce = 500;

  // All outlive the sweep, and the client's Stop is its end.
  DeadSweep(Link& link, ScriptRunner& scripts, RedisFleet& fleet, size_t max_streams)
      : link_(link), scripts_(scripts), fleet_(fleet), max_streams_(max_streams) {}

  // To be called each second.
  void Tick();

 private:
  void ReadUses(const std::string& proxy);
  void TakePage(const Reply& reply);
  void TakeBack(const std::string& proxy, std::span<const std::string_view> keys);

  Link& link_;
  ScriptRunner& scripts_;
  RedisFleet& fleet_;
  const size_t max_streams_;
  bool runs_ = false;
  std::string proxy_;   // Which one's streams are read,
  std::string cursor_;  // and from where.
};

}  // namespace srsproxy::redis
