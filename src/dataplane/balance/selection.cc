#include "dataplane/balance/selection.h"

#include <cmath>

namespace srsproxy {
namespace {

// The finalizer of SplitMix64: every bit of the result depends on every bit of `z`.
uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// In [0, 1).
double Fraction(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

// By weight, among all but `left_out`; null when there is none.
const Candidate* Draw(std::span<const Candidate> candidates, const Candidate* left_out,
                      double random) {
  double total = 0;
  for (const Candidate& candidate : candidates) {
    if (&candidate != left_out) total += candidate.weight;
  }
  double left = random * total;
  const Candidate* last = nullptr;
  for (const Candidate& candidate : candidates) {
    if (&candidate == left_out) continue;
    last = &candidate;
    left -= candidate.weight;
    if (left < 0) break;
  }
  return last;
}

// Its streams for its weight, had it one more.
double LevelAfterOneMore(const SelectionInputs& inputs, const Candidate& candidate) {
  return static_cast<double>(inputs.streams(candidate) + 1) / candidate.weight;
}

// In [0, 1): the draw of a candidate for a key.
double RendezvousDraw(const Candidate& candidate, uint64_t key_hash) {
  return Fraction(Mix(candidate.hash ^ Mix(key_hash)));
}

}  // namespace

const Candidate& SelectRandom(const SelectionInputs& inputs) {
  return *Draw(inputs.candidates, nullptr, inputs.random[0]);
}

const Candidate& SelectLeastStreams(const SelectionInputs& inputs) {
  const Candidate* first = nullptr;
  double lowest = 0;
  size_t ties = 0;
  for (const Candidate& candidate : inputs.candidates) {
    const double level = LevelAfterOneMore(inputs, candidate);
    if (first == nullptr || level < lowest) {
      first = &candidate;
      lowest = level;
      ties = 0;
    }
    if (level == lowest) ++ties;
  }
  auto skip = static_cast<size_t>(inputs.random[0] * static_cast<double>(ties));
  const Candidate* last = &inputs.candidates.back();
  for (const Candidate* candidate = first; ties > 1 && candidate <= last; ++candidate) {
    if (LevelAfterOneMore(inputs, *candidate) == lowest && skip-- == 0) return *candidate;
  }
  return *first;  // The only one, or the counts have changed meanwhile.
}

const Candidate& SelectP2c(const SelectionInputs& inputs) {
  const Candidate& one = *Draw(inputs.candidates, nullptr, inputs.random[0]);
  const Candidate* other = Draw(inputs.candidates, &one, inputs.random[1]);
  if (other == nullptr) return one;
  const auto reported_one = inputs.connections(one);
  const auto reported_other = inputs.connections(*other);
  if (reported_one.has_value() && reported_other.has_value()) {
    const double level_one = static_cast<double>(*reported_one) / one.weight;
    const double level_other = static_cast<double>(*reported_other) / other->weight;
    if (level_one != level_other) return level_one < level_other ? one : *other;
  }
  return LevelAfterOneMore(inputs, one) <= LevelAfterOneMore(inputs, *other) ? one : *other;
}

const Candidate& SelectConsistentHash(const SelectionInputs& inputs) {
  double weights = 0;
  double streams = 1;  // With this one.
  for (const Candidate& candidate : inputs.candidates) {
    weights += candidate.weight;
    streams += static_cast<double>(inputs.streams(candidate));
  }
  const Candidate* best = nullptr;
  double best_score = 0;
  for (const bool bounded : {true, false}) {
    for (const Candidate& candidate : inputs.candidates) {
      const double bound = std::ceil(kHashBound * streams * candidate.weight / weights);
      if (bounded && static_cast<double>(inputs.streams(candidate)) >= bound) continue;
      // Exponentially distributed with the weight as its rate, so that each has the lowest score by
      // its share of the weights. -log(1 - x) is not less than x, which is cheaper.
      const double draw = RendezvousDraw(candidate, inputs.key_hash);
      if (best != nullptr && draw / candidate.weight >= best_score) continue;
      const double score = -std::log1p(-draw) / candidate.weight;
      if (best != nullptr && score >= best_score) continue;
      best = &candidate;
      best_score = score;
    }
    if (best != nullptr) break;  // Else the counts have grown meanwhile.
  }
  return *best;
}

Selector SelectorOf(LoadBalancerStrategy strategy) {
  switch (strategy) {
    case LoadBalancerStrategy::kRandom:
      return SelectRandom;
    case LoadBalancerStrategy::kLeastStreams:
      return SelectLeastStreams;
    case LoadBalancerStrategy::kP2c:
      return SelectP2c;
    case LoadBalancerStrategy::kConsistentHash:
      return SelectConsistentHash;
  }
  return SelectRandom;
}

uint64_t StableHash(std::string_view text) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001B3;
  }
  return Mix(hash);
}

double RandomSource::Next() {
  constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;
  return Fraction(Mix(state_.fetch_add(kGoldenGamma, std::memory_order_relaxed) + kGoldenGamma));
}

}  // namespace srsproxy
