#include "dataplane/net/descriptors.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(DescriptorsTest, EachSessionNeedsTwoAnd256AreKept) {
  EXPECT_EQ(SessionLimitFor(1024, 0), 384);
  EXPECT_EQ(SessionLimitFor(1024, 100), 100);
  EXPECT_EQ(SessionLimitFor(1024, 100'000), 384);
  EXPECT_EQ(SessionLimitFor(10, 0), 1) << "too few for anything, but it starts";
}

TEST(DescriptorsTest, TheSoftLimitIsRaised) { EXPECT_GT(RaiseDescriptorLimit(), 256); }

TEST(DescriptorsTest, TooFewThatAreLeftAreReported) {
  EXPECT_TRUE(CheckDescriptorsLeft(8).ok());
  const auto status = CheckDescriptorsLeft(100'000'000);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(SideOf(status), Side::kProxy);
}

}  // namespace
}  // namespace srsproxy
