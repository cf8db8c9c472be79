#pragma once

#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "tests/bench/heartbeat_load/beats.h"

namespace srsproxy::bench {

// Heartbeats as SRS sends them to the System API, but on connections that stay: a POST each, the
// origins dealt out to the connections.
class HttpFleet final : public Fleet {
 public:
  // `tally` outlives the fleet.
  HttpFleet(const FleetOptions& options, Tally& tally);
  ~HttpFleet() override;

  void Register() override;
  void Beat(size_t origin) override;

 private:
  class Connection;

  const FleetOptions options_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::jthread thread_;  // Runs io_.
};

}  // namespace srsproxy::bench
