#include "dataplane/balance/stream_counts.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/fake_clock.h"
#include "tests/support/held_claims.h"

namespace srsproxy {
namespace {

class StreamCountsTest : public testing::Test {
 protected:
  StreamKey Claim(const std::string& stream, const std::string& origin, uint64_t replaces = 0) {
    const StreamKey key{"v.com", "live", stream};
    claims_.Claim({.key = key, .origin_id = origin, .replaces_version = replaces});
    return key;
  }
  uint32_t Count(std::string_view origin) const { return *counts_.Of(origin); }

  FakeClock clock_;
  MemoryStreamDirectory streams_{clock_, 1000};
  StreamCounts counts_;
  Subscription counted_streams_ = streams_.Subscribe(counts_);
  HeldClaims claims_{streams_};
};

TEST_F(StreamCountsTest, FollowsTheDirectory) {
  const StreamCounts::Counter held = counts_.Of("a");
  EXPECT_EQ(*held, 0u);
  const StreamKey key = Claim("1", "a");
  Claim("1", "b");  // It is mapped already.
  Claim("2", "a");
  EXPECT_EQ(*held, 2u);
  EXPECT_EQ(Count("b"), 0u);

  Claim("1", "b", streams_.Find(key)->version);
  EXPECT_EQ(*held, 1u);
  EXPECT_EQ(Count("b"), 1u);

  streams_.Move({key, "c"}, [](const auto& outcome) { EXPECT_TRUE(outcome.ok()); });
  EXPECT_EQ(Count("b"), 0u);
  EXPECT_EQ(Count("c"), 1u);

  claims_.End({"v.com", "live", "2"}, Role::kViewer);
  EXPECT_EQ(*held, 0u);
  streams_.Release(key, 0, true, [](const auto& released) { EXPECT_TRUE(released.ok()); });
  EXPECT_EQ(Count("c"), 0u);
}

TEST_F(StreamCountsTest, NamesThatNobodyUsesWeighNothing) {
  const StreamKey key{"v.com", "live", "1"};
  claims_.PublishOnce(key, "a");
  EXPECT_EQ(streams_.size(), 1u);
  EXPECT_EQ(Count("a"), 0u);
  Claim("1", "a");
  EXPECT_EQ(Count("a"), 1u);
}

TEST_F(StreamCountsTest, HeldCountersOutliveAThousandOrigins) {
  const StreamCounts::Counter held = counts_.Of("a");
  Claim("mapped", "b");
  for (int i = 0; i < 1000; ++i) counts_.Of(absl::StrCat("passing-", i));
  Claim("later", "a");
  EXPECT_EQ(*held, 1u);
  EXPECT_EQ(Count("b"), 1u);
}

}  // namespace
}  // namespace srsproxy
