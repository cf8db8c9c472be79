#include "dataplane/balance/selection.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

// Candidates with what is known of them.
class Origins {
 public:
  explicit Origins(const std::vector<double>& weights) {
    for (const double weight : weights) Add(weight);
  }

  void Add(double weight) {
    Candidate candidate;
    candidate.index = static_cast<uint32_t>(streams.size());
    candidate.weight = weight;
    candidate.hash = StableHash(absl::StrCat("origin-", candidate.index));
    candidates.push_back(candidate);
    streams.push_back(0);
    connections.emplace_back();
  }

  uint32_t Select(Selector selector, std::string_view key, std::array<double, 2> random) const {
    const auto streams_of = [this](const Candidate& of) { return streams[of.index]; };
    const auto connections_of = [this](const Candidate& of) { return connections[of.index]; };
    return selector({.candidates = candidates,
                     .streams = streams_of,
                     .connections = connections_of,
                     .key_hash = StableHash(key),
                     .random = random})
        .index;
  }
  uint32_t Place(Selector selector, std::string_view key) {
    const uint32_t chosen = Select(selector, key, {random_.Next(), random_.Next()});
    ++streams[chosen];
    return chosen;
  }

  double Weights() const {
    double sum = 0;
    for (const Candidate& candidate : candidates) sum += candidate.weight;
    return sum;
  }

  std::vector<Candidate> candidates;
  std::vector<uint64_t> streams;  // By index.
  std::vector<std::optional<int64_t>> connections;

 private:
  RandomSource random_{7};
};

std::string Key(int i) { return absl::StrCat("v.com/live/stream-", i); }

// ---- random

struct SelectCase {
  const char* name;
  std::vector<double> weights;
  double random;
  size_t expected;
};

class SelectRandomTest : public testing::TestWithParam<SelectCase> {};

TEST_P(SelectRandomTest, GivesEachItsShare) {
  const Origins origins(GetParam().weights);
  EXPECT_EQ(origins.Select(SelectRandom, "key", {GetParam().random, 0}), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Weights, SelectRandomTest,
    testing::Values(SelectCase{"single", {1}, 0.999, 0}, SelectCase{"first_half", {1, 1}, 0.499, 0},
                    SelectCase{"second_half", {1, 1}, 0.5, 1},
                    SelectCase{"heavy_first", {3, 1}, 0.749, 0},
                    SelectCase{"light_second", {3, 1}, 0.75, 1},
                    SelectCase{"fractions", {0.1, 0.2, 0.1}, 0.74, 1},
                    SelectCase{"end_of_range", {1, 1, 1}, 0.9999999999999999, 2}),
    [](const auto& row) { return row.param.name; });

// ---- What every strategy holds

class StrategyTest : public testing::TestWithParam<LoadBalancerStrategy> {
 protected:
  const Selector select_ = SelectorOf(GetParam());
};

TEST_P(StrategyTest, SpreadsStreamsByWeight) {
  Origins origins({1, 2, 0.5, 4, 2.5});
  constexpr int kStreams = 20'000;
  for (int i = 0; i < kStreams; ++i) origins.Place(select_, Key(i));
  for (const Candidate& candidate : origins.candidates) {
    const double fair = kStreams * candidate.weight / origins.Weights();
    EXPECT_NEAR(static_cast<double>(origins.streams[candidate.index]), fair, 0.1 * fair)
        << "weight " << candidate.weight;
  }
}

TEST_P(StrategyTest, ChoosesTheOnlyOne) {
  Origins origins({0.001});
  origins.streams[0] = 1'000'000;
  for (const double random : {0.0, 0.5, 0.9999999999999999}) {
    EXPECT_EQ(origins.Select(select_, "key", {random, random}), 0u);
  }
}

TEST_P(StrategyTest, IsAFunctionOfItsInputs) {
  Origins origins({1, 3, 2, 1, 1});
  origins.streams = {5, 4, 3, 2, 2};
  for (int i = 0; i < 100; ++i) {
    const std::array<double, 2> random{i / 100.0, (99 - i) / 100.0};
    EXPECT_EQ(origins.Select(select_, Key(i), random), origins.Select(select_, Key(i), random));
  }
}

INSTANTIATE_TEST_SUITE_P(All, StrategyTest,
                         testing::Values(LoadBalancerStrategy::kRandom,
                                         LoadBalancerStrategy::kLeastStreams,
                                         LoadBalancerStrategy::kP2c,
                                         LoadBalancerStrategy::kConsistentHash),
                         [](const auto& row) { return std::string(ToName(row.param)); });

// ---- least_streams

TEST(SelectLeastStreamsTest, FillsTheEmptiestForItsWeight) {
  Origins origins({1, 1, 2});
  origins.streams = {3, 2, 5};  // (n + 1) / weight: 4, 3, 3
  std::set<uint32_t> chosen;
  for (int i = 0; i < 100; ++i) {
    chosen.insert(origins.Select(SelectLeastStreams, "key", {i / 100.0, 0}));
  }
  EXPECT_THAT(chosen, testing::ElementsAre(1, 2));
}

TEST(SelectLeastStreamsTest, EachOfEqualsIsAsLikely) {
  constexpr int kOrigins = 1000;
  const Origins origins(std::vector<double>(kOrigins, 1));
  std::vector<int> chosen(kOrigins);
  for (int i = 0; i < 10 * kOrigins; ++i) {
    ++chosen[origins.Select(SelectLeastStreams, "key", {(i + 0.5) / (10 * kOrigins), 0})];
  }
  EXPECT_THAT(chosen, testing::Each(10));
}

TEST(SelectLeastStreamsTest, KeepsAllWithinOneStream) {
  Origins origins(std::vector<double>(7, 1));
  for (int i = 0; i < 1000; ++i) {
    origins.Place(SelectLeastStreams, Key(i));
    const auto [low, high] = std::minmax_element(origins.streams.begin(), origins.streams.end());
    ASSERT_LE(*high - *low, 1u);
  }
}

// ---- p2c

TEST(SelectP2cTest, ComparesTwoThatAreDrawnByWeight) {
  Origins origins({1, 1, 2});
  origins.streams = {0, 9, 9};
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0.3, 0.0}), 0u) << "second and first";
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0.0, 0.9}), 0u) << "first and third";
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0.3, 0.9}), 2u) << "of both the lighter";
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0.9, 0.9}), 2u) << "third and second";
}

TEST(SelectP2cTest, GoesByConnectionsWhereBothReportThem) {
  Origins origins({1, 1});
  origins.streams = {0, 9};
  origins.connections = {100, 10};
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0, 0}), 1u);
  origins.connections = {100, std::nullopt};
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0, 0}), 0u);
  origins.connections = {10, 10};
  EXPECT_EQ(origins.Select(SelectP2c, "key", {0.9, 0}), 0u) << "as loaded: by streams";
}

TEST(SelectP2cTest, KeepsTheFullestNearTheMean) {
  Origins origins(std::vector<double>(100, 1));
  for (int i = 0; i < 10'000; ++i) origins.Place(SelectP2c, Key(i));
  EXPECT_LE(*std::max_element(origins.streams.begin(), origins.streams.end()), 105u);
}

// ---- consistent_hash

class ConsistentHashTest : public testing::Test {
 protected:
  // The index of the origin of each key, were there no other stream.
  static std::map<std::string, uint32_t> PlaceAll(const Origins& origins, int keys) {
    std::map<std::string, uint32_t> placed;
    for (int i = 0; i < keys; ++i) {
      placed[Key(i)] = origins.Select(SelectConsistentHash, Key(i), {});
    }
    return placed;
  }
};

TEST_F(ConsistentHashTest, TheOrderAndTheRandomNumberDoNotMatter) {
  const Origins origins({1, 2, 1, 0.5, 3});
  Origins turned({1, 2, 1, 0.5, 3});
  std::reverse(turned.candidates.begin(), turned.candidates.end());
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(origins.Select(SelectConsistentHash, Key(i), {0.1, 0.9}),
              turned.Select(SelectConsistentHash, Key(i), {0.8, 0.2}));
  }
}

TEST_F(ConsistentHashTest, OnlyTheKeysOfAnOriginThatLeavesMove) {
  Origins origins(std::vector<double>(10, 1));
  const auto before = PlaceAll(origins, 5000);
  origins.candidates.erase(origins.candidates.begin() + 3);
  int moved = 0;
  for (const auto& [key, now] : PlaceAll(origins, 5000)) {
    if (before.at(key) != 3) {
      EXPECT_EQ(now, before.at(key));
    } else {
      ++moved;
    }
  }
  EXPECT_NEAR(moved, 500, 100);
}

TEST_F(ConsistentHashTest, OnlyKeysForAnOriginThatJoinsMove) {
  Origins origins(std::vector<double>(9, 1));
  const auto before = PlaceAll(origins, 5000);
  origins.Add(1);
  int moved = 0;
  for (const auto& [key, now] : PlaceAll(origins, 5000)) {
    if (now == before.at(key)) continue;
    EXPECT_EQ(now, 9u);
    ++moved;
  }
  EXPECT_NEAR(moved, 500, 100);
}

TEST_F(ConsistentHashTest, AWeightThatGrowsOnlyAttracts) {
  Origins origins(std::vector<double>(9, 1));
  const auto before = PlaceAll(origins, 5000);
  origins.candidates[2].weight = 3;
  for (const auto& [key, now] : PlaceAll(origins, 5000)) {
    EXPECT_TRUE(now == before.at(key) || now == 2);
  }
}

TEST_F(ConsistentHashTest, NoneIsLoadedAboveItsBound) {
  Origins origins({1, 2, 0.5, 4, 1, 1, 1});
  for (int i = 0; i < 3000; ++i) {
    const uint32_t chosen = origins.Place(SelectConsistentHash, Key(i));
    const double fair = (i + 1) * origins.candidates[chosen].weight / origins.Weights();
    ASSERT_LE(static_cast<double>(origins.streams[chosen]), std::ceil(kHashBound * fair));
  }
}

TEST_F(ConsistentHashTest, WhatDoesNotFitGoesToTheNextOfTheKey) {
  Origins origins(std::vector<double>(5, 1));
  const uint32_t first = origins.Select(SelectConsistentHash, "key", {});
  origins.streams[first] = 100;
  const uint32_t second = origins.Select(SelectConsistentHash, "key", {});
  EXPECT_NE(second, first);
  origins.candidates.erase(origins.candidates.begin() + first);
  EXPECT_EQ(origins.Select(SelectConsistentHash, "key", {}), second);
}

TEST(StableHashTest, StaysAsItIs) {
  EXPECT_EQ(StableHash(""), 0xf52a15e9a9b5e89bU);
  EXPECT_NE(StableHash("v.com/live/a"), StableHash("v.com/live/b"));
}

TEST(RandomSourceTest, IsRepeatableAndEven) {
  RandomSource a(7);
  RandomSource b(7);
  RandomSource c(8);
  std::vector<int> tenths(10);
  bool differs = false;
  for (int i = 0; i < 10'000; ++i) {
    const double number = a.Next();
    ASSERT_EQ(number, b.Next());
    differs |= number != c.Next();
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    ++tenths[static_cast<size_t>(number * 10)];
  }
  EXPECT_TRUE(differs);
  for (const int count : tenths) EXPECT_NEAR(count, 1000, 150);
}

}  // namespace
}  // namespace srsproxy
