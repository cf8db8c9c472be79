#include "dataplane/balance/start_settle.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

class StartSettleTest : public testing::Test {
 protected:
  void OriginJoins(absl::Duration after) {
    clock_.Advance(after);
    settle_.OriginJoined(clock_.Now());
  }
  // How long from now.
  absl::Duration UntilPlaced() const {
    return absl::FromChrono(settle_.PlaceFrom() - clock_.Now());
  }
  absl::Duration UntilReady() const { return absl::FromChrono(settle_.ReadyFrom() - clock_.Now()); }

  FakeClock clock_;
  StartSettle settle_{clock_.Now(), absl::Seconds(1)};
};

TEST_F(StartSettleTest, EveryOriginPutsThePlacingOff) {
  OriginJoins(absl::Milliseconds(300));
  EXPECT_EQ(UntilPlaced(), absl::Seconds(1));
  EXPECT_EQ(UntilReady(), absl::Seconds(1));
  OriginJoins(absl::Milliseconds(900));
  EXPECT_EQ(UntilPlaced(), absl::Seconds(1));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(UntilPlaced(), absl::ZeroDuration());
  EXPECT_EQ(UntilReady(), absl::ZeroDuration());
}

TEST_F(StartSettleTest, AnOriginThatComesAfterAPauseSettlesAnew) {
  OriginJoins(absl::Seconds(1));
  clock_.Advance(absl::Seconds(5));
  EXPECT_LT(UntilReady(), absl::ZeroDuration());
  OriginJoins(absl::ZeroDuration());
  EXPECT_EQ(UntilPlaced(), absl::Seconds(1));
  EXPECT_EQ(UntilReady(), absl::Seconds(1));
}

TEST_F(StartSettleTest, WithoutOriginsItIsReadyAfterTheSettleTime) {
  EXPECT_EQ(UntilReady(), absl::Seconds(1));
}

TEST_F(StartSettleTest, OriginsThatKeepComingDoNotKeepItFromBeingReady) {
  for (int i = 0; i < 15; ++i) OriginJoins(absl::Milliseconds(800));  // The last one after 12 s.
  EXPECT_EQ(UntilReady(), absl::ZeroDuration());
}

TEST_F(StartSettleTest, RememberedOriginsEndTheWait) {
  settle_.Remembered();
  EXPECT_EQ(UntilPlaced(), absl::ZeroDuration());
  EXPECT_EQ(UntilReady(), absl::ZeroDuration());
  OriginJoins(absl::Milliseconds(1));
  EXPECT_LT(UntilPlaced(), absl::ZeroDuration());
  EXPECT_LT(UntilReady(), absl::ZeroDuration());
}

TEST_F(StartSettleTest, ADefaultBackendAloneNeedsNoWait) {
  settle_.PermanentJoined();
  EXPECT_EQ(UntilPlaced(), absl::ZeroDuration());
  EXPECT_EQ(UntilReady(), absl::ZeroDuration());
  OriginJoins(absl::Milliseconds(1));
  EXPECT_EQ(UntilPlaced(), absl::Seconds(1));
}

TEST_F(StartSettleTest, ASettleTimeOfZeroWaitsForNobody) {
  StartSettle none(clock_.Now(), absl::ZeroDuration());
  EXPECT_EQ(none.ReadyFrom(), clock_.Now());
  none.OriginJoined(clock_.Now() + std::chrono::seconds(1));
  EXPECT_EQ(none.PlaceFrom(), clock_.Now() + std::chrono::seconds(1));
  EXPECT_EQ(none.ReadyFrom(), clock_.Now() + std::chrono::seconds(1));
}

}  // namespace
}  // namespace srsproxy
