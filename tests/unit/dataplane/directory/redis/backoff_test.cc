#include "dataplane/directory/redis/backoff.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

constexpr absl::Duration kMin = absl::Milliseconds(50);
constexpr absl::Duration kMax = absl::Seconds(2);

TEST(BackoffTest, EachPauseIsUpToTwiceTheOneBefore) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Backoff backoff(kMin, kMax, seed);
    absl::Duration ceiling = kMin;
    for (int i = 0; i < 20; ++i) {
      const absl::Duration pause = backoff.Next();
      EXPECT_GE(pause, absl::ZeroDuration());
      EXPECT_LE(pause, ceiling);
      ceiling = std::min(ceiling * 2, kMax);
    }
  }
}

TEST(BackoffTest, IsSpreadOverAllOfIt) {
  absl::Duration shortest = kMax;
  absl::Duration longest = absl::ZeroDuration();
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff(kMin, kMax, seed);
    const absl::Duration pause = backoff.Next();
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
  }
  EXPECT_LT(shortest, kMin * 0.1);
  EXPECT_GT(longest, kMin * 0.9);
}

TEST(BackoffTest, BeginsAnew) {
  Backoff backoff(kMin, kMax, 1);
  for (int i = 0; i < 20; ++i) (void)backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), kMin);
}

}  // namespace
}  // namespace srsproxy::redis
