#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/event_loop.h"

namespace srsproxy::bench {

struct ViewerOptions {
  uint16_t port = 0;  // on 127.0.0.1
  size_t count = 1;
  size_t per_second = 1000;  // new connections
  bool brief = false;        // each leaves at its first byte, and the next one comes
};

// Viewers of /live/bench.flv that count what they get.
class HttpViewers {
 public:
  HttpViewers(EventLoop& loop, const ViewerOptions& options);
  ~HttpViewers();

  // {"started":..,"failed":..,"lost":..,"stalled":..,"bytes":..,"setup_ms_p50":..,"setup_ms_max":..}:
  // viewers that got a first byte of media so far, those that never did, those that ended after it,
  // those of the rest that moved no byte since the last report, bytes of answers, and the time from
  // connect() to the first byte of media.
  std::string Report();

 private:
  class Viewer;

  void Open();
  void OpenOne();

  EventLoop& loop_;
  const ViewerOptions options_;
  std::string buffer_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  uint64_t bytes_ = 0;
  Ticker opener_;
};

}  // namespace srsproxy::bench
