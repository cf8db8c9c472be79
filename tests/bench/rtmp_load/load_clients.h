#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/event_loop.h"

namespace srsproxy::bench {

enum class ClientRole { kPlay, kPublish };

struct ClientOptions {
  ClientRole role = ClientRole::kPlay;
  uint16_t port = 0;  // on 127.0.0.1
  size_t count = 1;
  size_t per_second = 1000;  // new connections
};

// RTMP clients: players count what they get of live/bench; publishers push live/bench-N as fast as
// it is taken.
class LoadClients {
 public:
  LoadClients(EventLoop& loop, const ClientOptions& options);
  ~LoadClients();

  // {"started":..,"failed":..,"lost":..,"stalled":..,"bytes":..,"setup_ms_p50":..,"setup_ms_max":..}:
  // sessions whose play or publish was granted so far, those that never got there, those that ended
  // after it, those of the rest that moved no byte since the last report, media bytes, and the time
  // from connect() to the grant.
  std::string Report();

 private:
  class Session;

  void Open();

  EventLoop& loop_;
  const ClientOptions options_;
  const std::string media_;  // what a publisher sends over and over
  std::string buffer_;
  std::vector<std::unique_ptr<Session>> sessions_;
  uint64_t bytes_ = 0;
  Ticker opener_;
};

}  // namespace srsproxy::bench
