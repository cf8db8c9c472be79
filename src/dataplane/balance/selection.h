// Who is chosen among equals: the strategies of PROXY_LOAD_BALANCER_STRATEGY, as pure functions.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dataplane/balance/candidates.h"

namespace srsproxy {

// A strategy: one of `candidates`, which is not empty. `random`: from [0, 1).
using Selector = const Candidate& (*)(std::span<const Candidate> candidates, double random);

// `random`: each by its share of the weights.
const Candidate& SelectRandom(std::span<const Candidate> candidates, double random);

// By the strategy's name; nullopt when there is none of that name.
std::optional<Selector> FindSelector(std::string_view strategy);

// Numbers in [0, 1) for selectors (SplitMix64). Thread-safe without locks.
class RandomSource {
 public:
  explicit RandomSource(uint64_t seed) : state_(seed) {}
  double Next();

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace srsproxy
