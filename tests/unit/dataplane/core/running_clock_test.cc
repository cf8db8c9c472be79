#include "dataplane/core/running_clock.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

class RunningClockTest : public testing::Test {
 protected:
  absl::Duration Elapsed() const { return absl::FromChrono(running_.Now() - started_); }

  FakeClock clock_;
  RunningClock running_{clock_, absl::Seconds(2)};
  const MonotonicTime started_ = running_.Now();
};

TEST_F(RunningClockTest, RunsWhileItIsTicked) {
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(absl::Milliseconds(1500));
    EXPECT_EQ(running_.Tick(), absl::ZeroDuration());
  }
  EXPECT_EQ(Elapsed(), absl::Seconds(15));
}

TEST_F(RunningClockTest, CountsNoPause) {
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Elapsed(), absl::Seconds(2)) << "also before the tick";
  EXPECT_EQ(running_.Tick(), absl::Hours(1) - absl::Seconds(2));
  EXPECT_EQ(Elapsed(), absl::Seconds(2)) << "it does not jump";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Elapsed(), absl::Seconds(3));
  EXPECT_EQ(running_.Tick(), absl::ZeroDuration());
}

TEST_F(RunningClockTest, CountsNoneOfSeveralPauses) {
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Minutes(5));
    EXPECT_EQ(running_.Tick(), absl::Minutes(5) - absl::Seconds(2));
  }
  EXPECT_EQ(Elapsed(), absl::Seconds(6));
}

TEST_F(RunningClockTest, ShowsTheTimeToPeopleAsItIs) {
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(running_.WallNow(), clock_.WallNow());
}

}  // namespace
}  // namespace srsproxy
