#include "dataplane/directory/redis/due_streams.h"

#include <chrono>
#include <string>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MonotonicTime At(int seconds) { return MonotonicTime() + std::chrono::seconds(seconds); }
StreamKey Key(const std::string& stream) { return {"v.com", "live", stream}; }

TEST(DueStreamsTest, TheEarliestComeFirst) {
  DueStreams streams;
  streams.Add(Key("late"), At(3));
  streams.Add(Key("second"), At(2));
  streams.Add(Key("first"), At(1));
  EXPECT_THAT(streams.Take(At(0), 10), IsEmpty());
  EXPECT_THAT(streams.Take(At(2), 1), ElementsAre(Key("first")));
  EXPECT_THAT(streams.Take(At(2), 10), ElementsAre(Key("second")));
  EXPECT_THAT(streams.Take(At(9), 10), ElementsAre(Key("late")));
  EXPECT_THAT(streams.Take(At(9), 10), IsEmpty());
}

TEST(DueStreamsTest, AStreamWaitsOnceForTheEarlierTime) {
  DueStreams streams;
  streams.Add(Key("a"), At(2));
  streams.Add(Key("a"), At(3));
  streams.Add(Key("b"), At(3));
  streams.Add(Key("b"), At(1));
  EXPECT_THAT(streams.Take(At(1), 10), ElementsAre(Key("b")));
  EXPECT_THAT(streams.Take(At(9), 10), ElementsAre(Key("a")));
  streams.Add(Key("a"), At(2));
  EXPECT_THAT(streams.Take(At(9), 10), ElementsAre(Key("a"))) << "it may wait again";
}

TEST(DueStreamsTest, OfTooManyTheLastAreLeftOut) {
  DueStreams streams;
  for (size_t i = 0; i < DueStreams::kMax; ++i) {
    ASSERT_TRUE(streams.Add(Key(absl::StrCat(i)), At(1)));
  }
  EXPECT_FALSE(streams.Add(Key("another"), At(1)));
  EXPECT_TRUE(streams.Add(Key("0"), At(2))) << "it is there";
  EXPECT_EQ(streams.Take(At(9), 2 * DueStreams::kMax).size(), DueStreams::kMax);
}

}  // namespace
}  // namespace srsproxy::redis
