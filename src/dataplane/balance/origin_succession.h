// OriginSuccession: which origin takes the place of which others: of those at its address, and of
// its server's silent ones elsewhere. Without a lock of its own.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin.h"

namespace srsproxy {

class OriginSuccession {
 public:
  // Both outlive it.
  OriginSuccession(OriginTable& table, OriginTraffic& traffic) : table_(table), traffic_(traffic) {}

  // Whose place an origin with this registration takes.
  std::vector<std::string> FindSuperseded(const OriginRegistration& registration,
                                          MonotonicTime now) const;
  // Both are there. `elsewhere`: another proxy decided it.
  void Supersede(const std::string& former, const std::string& successor, bool elsewhere = false);
  // False: the former one is at another address, and a session has begun to use it there meanwhile.
  bool TrySupersede(const std::string& former, const std::string& successor,
                    bool elsewhere = false);
  // Of each server: those that are silent while another of them is live were moved.
  void SupersedeMoved(MonotonicTime now);

  // Since the start.
  uint64_t superseded() const { return superseded_; }

 private:
  using Move = std::pair<std::string, std::string>;  // The former one, and its successor.

  // Another address of its server may take its place.
  bool MayBeSuperseded(const OriginEntry& entry, MonotonicTime now) const;
  // Adds those of one server, [begin, end), that are silent while another of them is live.
  void FindMoved(OriginTable::Index::const_iterator begin, OriginTable::Index::const_iterator end,
                 MonotonicTime now, std::vector<Move>& moved) const;

  OriginTable& table_;
  OriginTraffic& traffic_;
  uint64_t superseded_ = 0;
};

}  // namespace srsproxy
