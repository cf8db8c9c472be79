#include "dataplane/directory/redis/beat_batch.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;

TEST(BeatBatchTest, WhatIsWrittenIsRead) {
  BeatBatch batch;
  LoadReport load;
  load.cpu_ratio = 0.25;
  load.connections = 12;
  load.bits_per_second = 5'000'000'000;
  batch.beats.push_back({{.origin_id = "a b-svc-1", .load = load}, true});
  batch.beats.push_back({{.origin_id = "c-svc-1", .registered = true}, false});
  batch.in_use = {"d-svc-1"};
  const BeatBatch read = ParseBeats(FormatBeats(batch));
  ASSERT_EQ(read.beats.size(), 2u);
  EXPECT_EQ(read.beats[0].beat.origin_id, "a b-svc-1");
  EXPECT_FALSE(read.beats[0].beat.registered);
  EXPECT_TRUE(read.beats[0].refreshed);
  EXPECT_EQ(read.beats[0].beat.load.cpu_ratio, 0.25);
  EXPECT_EQ(read.beats[0].beat.load.memory_ratio, std::nullopt);
  EXPECT_EQ(read.beats[0].beat.load.connections, 12);
  EXPECT_EQ(read.beats[0].beat.load.bits_per_second, 5'000'000'000);
  EXPECT_EQ(read.beats[1].beat.origin_id, "c-svc-1");
  EXPECT_TRUE(read.beats[1].beat.registered);
  EXPECT_FALSE(read.beats[1].refreshed);
  EXPECT_THAT(read.in_use, ElementsAre("d-svc-1"));
}

TEST(BeatBatchTest, WhatIsNotUnderstoodIsPassedOver) {
  const BeatBatch read = ParseBeats(
      "\n"
      "h1\n"
      "x0\t-\t-\t-\t-\t-\tof-a-later-version\n"
      "h0\t-\t-\t-\t-\t-\t\n"
      "h0\t-\t-\t-\t-\t-\tbad\x01id\n"
      "h0\tnan\t-1\tmany\t99999999999999999999\t-\ta-svc-1\n"
      "h0\t-\t-\t-\t-");
  ASSERT_EQ(read.beats.size(), 1u);
  EXPECT_EQ(read.beats[0].beat.origin_id, "a-svc-1");
  EXPECT_EQ(read.beats[0].beat.load.cpu_ratio, std::nullopt);
  EXPECT_EQ(read.beats[0].beat.load.memory_ratio, std::nullopt);
  EXPECT_EQ(read.beats[0].beat.load.connections, std::nullopt);
  EXPECT_EQ(read.beats[0].beat.load.streams, std::nullopt);
}

TEST(BeatBatchTest, NoMoreThanABatchIsRead) {
  std::string text;
  for (size_t i = 0; i < BeatBatch::kMaxOrigins + 5; ++i) text += "u1\t-\t-\t-\t-\t-\ta\n";
  EXPECT_EQ(ParseBeats(text).in_use.size(), BeatBatch::kMaxOrigins);
}

}  // namespace
}  // namespace srsproxy::redis
