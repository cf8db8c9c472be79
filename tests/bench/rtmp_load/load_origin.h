#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/event_loop.h"
#include "tests/bench/rtmp_load/live_stream.h"

namespace srsproxy::bench {

struct OriginOptions {
  uint32_t bits_per_second = 1'000'000;   // to each player
  std::chrono::milliseconds gather{350};  // a player is written to this often; 0: at each frame
  size_t chunk_size = 60'000;             // towards players
};

// An RTMP origin that grants every publish and play. All players get one live stream; what
// publishers send is counted and forgotten.
class LoadOrigin {
 public:
  LoadOrigin(EventLoop& loop, const OriginOptions& options);
  ~LoadOrigin();

  int port() const { return PortOf(listener_); }

  // {"players":..,"publishers":..,"ended":..,"lagged":..,"sent":..,"received":..}: sessions now,
  // sessions ended so far, those of them that fell out of the stream's memory, media bytes both
  // ways.
  std::string Report() const;

 private:
  class Session;

  void AcceptAll();
  void Tick();

  EventLoop& loop_;
  const OriginOptions options_;
  const int listener_;
  EventLoop::Callback on_accept_;
  LiveStream stream_;
  std::vector<std::unique_ptr<Session>> sessions_;  // kept to the end of the run
  std::vector<std::vector<Session*>> slots_;        // players by their turn to be written to
  size_t next_slot_ = 0;
  size_t turn_ = 0;
  uint64_t players_ = 0;
  uint64_t publishers_ = 0;
  uint64_t ended_ = 0;
  uint64_t lagged_ = 0;
  uint64_t sent_ = 0;
  uint64_t received_ = 0;
  std::string buffer_;
  Ticker ticker_;
};

}  // namespace srsproxy::bench
