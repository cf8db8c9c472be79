#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/event_loop.h"

namespace srsproxy::bench {

struct SegmentOptions {
  uint16_t port = 0;  // on 127.0.0.1
  size_t count = 64;
};

// Clients with a kept connection each, that fetch /live/bench.m3u8 and the last segment that it
// names, over and over, as fast as they are answered.
class SegmentClients {
 public:
  SegmentClients(EventLoop& loop, const SegmentOptions& options);
  ~SegmentClients();

  // {"started":..,"failed":..,"requests":..,"bytes":..}: clients that got a first answer, those
  // that were cut off or answered otherwise than with 200, answers, and bytes of them.
  std::string Report() const;

 private:
  class Client;

  std::string buffer_;
  std::vector<std::unique_ptr<Client>> clients_;
  uint64_t requests_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace srsproxy::bench
