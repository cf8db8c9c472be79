#include "dataplane/directory/redis/postponed.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;

TEST(PostponedTest, AllAreResumedInTheirOrder) {
  Postponed postponed;
  std::vector<int> resumed;
  for (int i = 1; i <= 3; ++i) {
    postponed.Add([&, i](const absl::Status& why) {
      EXPECT_TRUE(why.ok()) << why;
      resumed.push_back(i);
    });
  }
  EXPECT_THAT(resumed, ElementsAre());
  postponed.ResumeAll();
  EXPECT_THAT(resumed, ElementsAre(1, 2, 3));
  postponed.ResumeAll();
  EXPECT_EQ(resumed.size(), 3u);
}

TEST(PostponedTest, OneThatIsPostponedAgainWaitsForTheNextTime) {
  Postponed postponed;
  int resumed = 0;
  postponed.Add([&](const absl::Status&) {
    ++resumed;
    postponed.Add([&](const absl::Status&) { ++resumed; });
  });
  postponed.ResumeAll();
  EXPECT_EQ(resumed, 1);
  postponed.ResumeAll();
  EXPECT_EQ(resumed, 2);
}

TEST(PostponedTest, OfTooManyTheLastAreRefused) {
  Postponed postponed;
  size_t refused = 0;
  size_t resumed = 0;
  for (size_t i = 0; i < Postponed::kMax + 10; ++i) {
    postponed.Add([&](const absl::Status& why) {
      resumed += why.ok() ? 1 : 0;
      refused += absl::IsResourceExhausted(why) ? 1 : 0;
    });
  }
  EXPECT_EQ(refused, 10u);
  postponed.ResumeAll();
  EXPECT_EQ(resumed, Postponed::kMax);
}

TEST(PostponedTest, NothingWaitsOnceItIsStopped) {
  Postponed postponed;
  int cancelled = 0;
  const auto count = [&](const absl::Status& why) { cancelled += absl::IsCancelled(why) ? 1 : 0; };
  postponed.Add(count);
  postponed.Stop();
  EXPECT_EQ(cancelled, 1);
  postponed.Add(count);
  EXPECT_EQ(cancelled, 2);
}

}  // namespace
}  // namespace srsproxy::redis
