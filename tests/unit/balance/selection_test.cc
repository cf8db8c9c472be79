#include "dataplane/balance/selection.h"

#include <vector>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct SelectCase {
  const char* name;
  std::vector<double> weights;
  double random;
  size_t expected;
};

class SelectRandomTest : public testing::TestWithParam<SelectCase> {};

TEST_P(SelectRandomTest, GivesEachItsShare) {
  std::vector<Candidate> candidates;
  for (const double weight : GetParam().weights) {
    candidates.push_back({static_cast<uint32_t>(candidates.size()), weight});
  }
  EXPECT_EQ(SelectRandom(candidates, GetParam().random).index, GetParam().expected);
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

TEST(FindSelectorTest, KnowsStrategiesByName) {
  EXPECT_EQ(FindSelector("random"), SelectRandom);
  EXPECT_EQ(FindSelector("RANDOM"), std::nullopt);
  EXPECT_EQ(FindSelector(""), std::nullopt);
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
