// A seed for a generator that nobody should be able to follow from outside.
#pragma once

#include <cstdint>
#include <random>

namespace srsproxy {

inline uint64_t RandomSeed() {
  std::random_device random;
  const uint64_t high = random();
  return high << 32 | random();
}

}  // namespace srsproxy
