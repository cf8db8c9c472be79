// What ids of HLS stand for, and for how long.

#include "dataplane/directory/memory_session_index.h"

#include <optional>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

const StreamKey kOne{"v", "live", "one"};
const StreamKey kTwo{"v", "live", "two"};

class MemorySessionIndexTest : public testing::Test {
 protected:
  std::optional<StreamKey> Find(const std::string& id) {
    std::optional<StreamKey> found;
    int answers = 0;
    index_.FindHls(id, [&](std::optional<StreamKey> key) {
      found = std::move(key);
      ++answers;
    });
    EXPECT_EQ(answers, 1);
    return found;
  }

  FakeClock clock_;
  MemorySessionIndex index_{clock_, 3};
};

TEST_F(MemorySessionIndexTest, FindsWhatWasPut) {
  index_.PutHls("a", kOne);
  index_.PutHls("b", kTwo);
  EXPECT_EQ(Find("a"), kOne);
  EXPECT_EQ(Find("b"), kTwo);
  EXPECT_EQ(Find("c"), std::nullopt);
}

TEST_F(MemorySessionIndexTest, ThreePollsMakeOneEntry) {
  for (int poll = 0; poll < 3; ++poll) index_.PutHls("a", kOne);
  EXPECT_EQ(index_.size(), 1u);
}

TEST_F(MemorySessionIndexTest, APollRenews) {
  index_.PutHls("a", kOne);
  clock_.Advance(absl::Seconds(119));
  index_.PutHls("a", kOne);
  clock_.Advance(absl::Seconds(119));
  EXPECT_EQ(Find("a"), kOne);
}

// A player that has paused its playlist goes back in time after 121 s of segments.
TEST_F(MemorySessionIndexTest, ASegmentRenews) {
  index_.PutHls("a", kOne);
  for (int second = 0; second < 121; ++second) {
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(Find("a"), kOne);
  }
  clock_.Advance(absl::Seconds(119));
  EXPECT_EQ(Find("a"), kOne);
}

TEST_F(MemorySessionIndexTest, IsForgottenWhenNobodyUsesIt) {
  index_.PutHls("a", kOne);
  clock_.Advance(absl::Seconds(121));
  EXPECT_EQ(Find("a"), std::nullopt);
  EXPECT_EQ(index_.size(), 0u);
}

TEST_F(MemorySessionIndexTest, AboveTheLimitTheLeastUsedGoes) {
  for (const char* id : {"a", "b", "c"}) index_.PutHls(id, kOne);
  Find("a");
  index_.PutHls("d", kTwo);
  EXPECT_EQ(index_.size(), 3u);
  EXPECT_EQ(Find("b"), std::nullopt);
  EXPECT_EQ(Find("a"), kOne);
  EXPECT_EQ(Find("d"), kTwo);
}

TEST_F(MemorySessionIndexTest, AnIdMayComeToStandForAnotherStream) {
  index_.PutHls("a", kOne);
  index_.PutHls("a", kTwo);
  EXPECT_EQ(Find("a"), kTwo);
}

}  // namespace
}  // namespace srsproxy
