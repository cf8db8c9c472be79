// What proxies tell each other of origins each second, one entry of x-beats: who gave a sign of
// life, and who is in use although it was silent or has left.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/origin_record.h"

namespace srsproxy::redis {

struct BeatBatch {
  // One entry has no more of both together.
  static constexpr size_t kMaxOrigins = 1000;

  struct Beat {
    OriginBeat beat;
    bool refreshed = false;  // The TTL of its keys, too, by who sends this.
  };
  std::vector<Beat> beats = {};
  std::vector<std::string> in_use = {};  // Their keys' TTL is refreshed.
};

// A line an origin: `heartbeat`, `registered` or `used` by its first letter, 1 when refreshed, what
// it reports of its load, `-` for what it does not, and its id; parted by tabs.
std::string FormatBeats(const BeatBatch& batch);
// Lines that are not understood are passed over: a later version may have written them.
BeatBatch ParseBeats(std::string_view text);

}  // namespace srsproxy::redis
