#include "dataplane/directory/memory_stream_directory.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

TEST(MemoryStreamDirectoryTest, AnswersClaimsInline) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  bool answered = false;
  directory.Claim({{"v.com", "live", "cam"}, "a", Role::kViewer},
                  [&](absl::StatusOr<ClaimOutcome> outcome) { answered = outcome.ok(); });
  EXPECT_TRUE(answered);
}

TEST(MemoryStreamDirectoryTest, MayBeUsedFromTheAnswer) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  const StreamKey key{"v.com", "live", "cam"};
  directory.Claim({key, "a", Role::kViewer}, [&](absl::StatusOr<ClaimOutcome>) {
    directory.SessionEnded(key, Role::kViewer, /*media_flowed=*/false);
  });
  EXPECT_EQ(directory.size(), 0u);
}

}  // namespace
}  // namespace srsproxy
