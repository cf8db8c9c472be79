#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/heartbeat_load/beats.h"

namespace srsproxy::bench {

// Heartbeats on HeartbeatStream, one stream on each connection, the origins dealt out to them:
// each in a message of its own, or several of a connection together.
class GrpcFleet final : public Fleet {
 public:
  // `tally` outlives the fleet.
  GrpcFleet(const FleetOptions& options, Tally& tally);
  ~GrpcFleet() override;

  void Register() override;
  void Beat(size_t origin) override;

 private:
  class Connection;

  const FleetOptions options_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::string> leases_;  // By origin.
  uint64_t sequence_ = 0;
};

}  // namespace srsproxy::bench
