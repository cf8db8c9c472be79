// Who is chosen among equals: the strategies of PROXY_LOAD_BALANCER_STRATEGY, as pure functions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "dataplane/balance/candidates.h"
#include "dataplane/core/config.h"

namespace srsproxy {

// No candidate of consistent_hash gets more than this times its fair share, rounded up.
inline constexpr double kHashBound = 1.25;

struct SelectionInputs {
  std::span<const Candidate> candidates;                  // Not empty.
  absl::FunctionRef<uint64_t(const Candidate&)> streams;  // That it has.
  // As it reports; nullopt: it does not, or has not lately.
  absl::FunctionRef<std::optional<int64_t>(const Candidate&)> connections;
  uint64_t key_hash = 0;           // StableHash of the stream's key.
  std::array<double, 2> random{};  // Each from [0, 1).
};

// A strategy: one of the candidates.
using Selector = const Candidate& (*)(const SelectionInputs& inputs);

// `random`: each by its share of the weights.
const Candidate& SelectRandom(const SelectionInputs& inputs);

// `least_streams`: the one that has the fewest streams for its weight after it got this one; of
// several, each as likely.
const Candidate& SelectLeastStreams(const SelectionInputs& inputs);

// `p2c`: two are drawn by weight, and the less loaded for its weight is chosen: by the connections
// that both report, else by streams.
const Candidate& SelectP2c(const SelectionInputs& inputs);

// `consistent_hash`: by weighted rendezvous hashing, so that the same key gives the same candidate
// wherever the candidates are the same, and only the keys of a candidate that leaves, or for one
// that joins, change theirs. One that has reached its bound (kHashBound) is passed over.
const Candidate& SelectConsistentHash(const SelectionInputs& inputs);

Selector SelectorOf(LoadBalancerStrategy strategy);

// A hash that is the same in every process (FNV-1a, then mixed).
uint64_t StableHash(std::string_view text);

// Numbers in [0, 1) for selectors (SplitMix64). Thread-safe without locks.
class RandomSource {
 public:
  explicit RandomSource(uint64_t seed) : state_(seed) {}
  double Next();

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace srsproxy
