#include "dataplane/protocol/srs_api/list_page.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::srs_api {
namespace {

using testing::ElementsAre;

TEST(PageRangesTest, APageMayBeginAndEndAnywhere) {
  const std::vector<size_t> sizes = {3, 0, 4, 2};
  EXPECT_THAT(PageRanges(sizes, 0, 2),
              ElementsAre(ItemRange{0, 2}, ItemRange{0, 0}, ItemRange{0, 0}, ItemRange{0, 0}));
  EXPECT_THAT(PageRanges(sizes, 2, 4),
              ElementsAre(ItemRange{2, 1}, ItemRange{0, 0}, ItemRange{0, 3}, ItemRange{0, 0}));
  EXPECT_THAT(PageRanges(sizes, 8, 100),
              ElementsAre(ItemRange{3, 0}, ItemRange{0, 0}, ItemRange{4, 0}, ItemRange{1, 1}));
  EXPECT_THAT(PageRanges({}, 0, 10), ElementsAre());
}

TEST(PageRangesTest, WhetherThereIsMore) {
  const std::vector<size_t> sizes = {3, 2};
  EXPECT_TRUE(HasMore(sizes, 0, 4));
  EXPECT_FALSE(HasMore(sizes, 0, 5));
  EXPECT_FALSE(HasMore(sizes, 5, 1));
  EXPECT_FALSE(HasMore({}, 0, 1));
}

// Page after page gives every item once, in one order.
TEST(PageRangesTest, PagesPutTogetherAreTheWholeList) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<size_t> sizes(random() % 6);
    for (size_t& size : sizes) size = random() % 7;
    const size_t count = 1 + random() % 5;
    std::vector<size_t> taken(sizes.size());
    size_t start = 0;
    bool more = true;
    for (; more; start += count) {
      const auto ranges = PageRanges(sizes, start, count);
      for (size_t i = 0; i < sizes.size(); ++i) {
        if (ranges[i].count == 0) continue;
        ASSERT_EQ(ranges[i].start, taken[i]);
        taken[i] += ranges[i].count;
      }
      more = HasMore(sizes, start, count);
    }
    EXPECT_EQ(taken, sizes);
  }
}

struct Probed {
  size_t size = 0;
  int questions = 0;
};

// Of a list that answers as SRS does.
Probed Probe(size_t items, size_t limit) {
  SizeProbe probe(limit);
  Probed probed;
  while (const auto start = probe.next()) {
    ++probed.questions;
    probe.Found(*start < items ? std::min(SizeProbe::kCount, items - *start) : 0);
  }
  probed.size = probe.size();
  return probed;
}

TEST(SizeProbeTest, FindsEverySize) {
  for (size_t items = 0; items < 600; ++items) {
    for (const size_t limit : {size_t{1}, size_t{9}, size_t{10}, size_t{11}, size_t{500}}) {
      EXPECT_EQ(Probe(items, limit).size, std::min(items, limit)) << items << ' ' << limit;
    }
  }
}

TEST(SizeProbeTest, AsksLittle) {
  EXPECT_EQ(Probe(3, 100'000).questions, 1);
  EXPECT_LE(Probe(10'000, 100'000).questions, 20);
  EXPECT_LE(Probe(50'000'000, 1'000'000'000).questions, 40);
}

TEST(SizeProbeTest, AnOriginThatKnowsNoPagesHasListedAll) {
  SizeProbe probe(1000);
  ASSERT_EQ(probe.next(), 0);
  probe.Found(123);
  EXPECT_EQ(probe.next(), std::nullopt);
  EXPECT_EQ(probe.size(), 123);
}

TEST(SizeProbeTest, EndsWhateverIsAnswered) {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    SizeProbe probe(1 + random() % 100'000);
    int questions = 0;
    while (probe.next().has_value() && ++questions < 100'000) {
      const size_t answers[] = {0, 1, SizeProbe::kCount, 5000};
      probe.Found(answers[random() % 4]);
    }
    EXPECT_LT(questions, 100'000);
  }
}

}  // namespace
}  // namespace srsproxy::srs_api
