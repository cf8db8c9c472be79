// DecisionTable: what operators decided, as it is known of Redis. Without a lock of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/origin.h"
#include "dataplane/directory/redis/origin_scripts.h"

namespace srsproxy::redis {

class DecisionTable {
 public:
  using All = std::map<std::string, OriginOverrides, std::less<>>;  // By server.
  static constexpr size_t kMaxServers = 20'000;

  // Whether that changes anything: what is older than what is known does not.
  bool Take(const std::string& server, const KeptOverrides& kept);

  void BeginRead() { touched_.clear(); }
  // Everything was read: `all` there is. `is_new`: in a history that has begun anew, so that what
  // is missing was lost, and not cleared; so was what is older in Redis. What was cleared here
  // counts, too: another copy may be from before that.
  struct Taken {
    std::vector<std::pair<std::string, OriginOverrides>> changed;  // As it is now.
    std::vector<std::string> lost;  // Servers of which what is known here is to be written again.
  };
  Taken TakeAll(std::map<std::string, KeptOverrides, std::less<>> all, bool is_new);
  KeptOverrides KeptOf(std::string_view server) const;

  OriginOverrides Of(std::string_view server) const;
  All ToMap() const;
  // Whether there is room for one more server.
  bool HasRoomFor(std::string_view server) const;

 private:
  // A server for which nothing is decided any more keeps its revision.
  std::map<std::string, KeptOverrides, std::less<>> servers_;
  size_t in_force_ = 0;                         // Those for which something is.
  std::set<std::string, std::less<>> touched_;  // Since BeginRead.
};

}  // namespace srsproxy::redis
