// A fleet of origins that send heartbeats to one proxy.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

namespace srsproxy::bench {

struct FleetOptions {
  uint16_t port = 0;  // On 127.0.0.1.
  size_t origins = 10'000;
  size_t connections = 100;
  std::chrono::milliseconds interval{5'000};  // Between two heartbeats of an origin.
  int together = 1;                           // So many heartbeats in one message.
};

// The identity of one origin of the fleet; each has an address of its own.
struct FleetOrigin {
  explicit FleetOrigin(size_t index)
      : ip("10." + std::to_string(index >> 16 & 255) + "." + std::to_string(index >> 8 & 255) +
           "." + std::to_string(index & 255)),
        server("bench-" + std::to_string(index)) {}

  std::string ip;
  std::string server;
};

// Counts heartbeats. Thread-safe.
class Tally {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void Sent();
  // `right`: the proxy took it.
  void Answered(Time sent, bool right);
  uint64_t answered() const;

  // {"sent":..,"answered":..,"wrong":..,"worst_ms":..}: so far; the longest answer since the report
  // before.
  std::string Report();

 private:
  mutable std::mutex mutex_;
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  uint64_t wrong_ = 0;
  std::chrono::duration<double, std::milli> worst_{0};
};

// How heartbeats travel. Used on one thread at a time.
class Fleet {
 public:
  virtual ~Fleet() = default;
  // Returns when every origin is registered; throws std::exception when the proxy refuses.
  virtual void Register() = 0;
  // Sends a heartbeat of the origin; does not wait for the answer.
  virtual void Beat(size_t origin) = 0;
};

}  // namespace srsproxy::bench
