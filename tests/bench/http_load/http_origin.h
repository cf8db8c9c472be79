#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/event_loop.h"

namespace srsproxy::bench {

struct HttpOriginOptions {
  uint32_t bits_per_second = 1'000'000;   // to each viewer
  std::chrono::milliseconds gather{350};  // a viewer is written to this often
  size_t segment_bytes = 300'000;
};

// An HTTP origin: every path that ends in .flv is a live stream, chunked as SRS sends it; .m3u8 is
// a playlist of segments, and .ts is a segment.
class HttpOrigin {
 public:
  HttpOrigin(EventLoop& loop, const HttpOriginOptions& options);
  ~HttpOrigin();

  int port() const { return PortOf(listener_); }

  // {"viewers":..,"ended":..,"requests":..,"sent":..}: viewers now, connections ended so far,
  // requests and bytes of bodies so far.
  std::string Report() const;

 private:
  class Session;

  void AcceptAll();
  void Tick();

  EventLoop& loop_;
  const HttpOriginOptions options_;
  const std::string live_bytes_;  // what a viewer gets at a time, as a chunk
  const std::string playlist_;    // whole answers
  const std::string segment_;
  const int listener_;
  EventLoop::Callback on_accept_;
  std::vector<std::unique_ptr<Session>> sessions_;  // kept to the end of the run
  std::vector<std::vector<Session*>> slots_;        // viewers by their turn to be written to
  size_t next_slot_ = 0;
  size_t turn_ = 0;
  uint64_t viewers_ = 0;
  uint64_t ended_ = 0;
  uint64_t requests_ = 0;
  uint64_t sent_ = 0;
  Ticker ticker_;
};

}  // namespace srsproxy::bench
