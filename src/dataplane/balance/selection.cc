#include "dataplane/balance/selection.h"

namespace srsproxy {

const Candidate& SelectRandom(std::span<const Candidate> candidates, double random) {
  double total = 0;
  for (const Candidate& candidate : candidates) total += candidate.weight;
  double left = random * total;
  for (const Candidate& candidate : candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return candidates.back();
}

std::optional<Selector> FindSelector(std::string_view strategy) {
  struct Named {
    std::string_view name;
    Selector selector;
  };
  static constexpr Named kStrategies[] = {{"random", SelectRandom}};
  for (const auto& [name, selector] : kStrategies) {
    if (name == strategy) return selector;
  }
  return std::nullopt;
}

double RandomSource::Next() {
  constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15;
  uint64_t z = state_.fetch_add(kGoldenGamma, std::memory_order_relaxed) + kGoldenGamma;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

}  // namespace srsproxy
