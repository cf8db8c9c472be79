// How often Redis is asked before a session is answered: counted there.
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/claim_now.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

class RoundTripsTest : public testing::Test {
 protected:
  std::unique_ptr<StreamHold> Claim(RedisProxy& proxy, Role role) const {
    const ClaimRequest request{
        .key = key_, .origin_id = "a", .role = role, .other_vhost_origin = ""};
    return ClaimNow(*proxy.streams(), request).value().hold;
  }
  // All that is asked of a stream is a script.
  double Scripts() const { return server_.Info("cmdstat_evalsha:calls="); }

  const StreamKey key_{"v.com", "live", "cam"};
  const Clock clock_;
  // Nothing is due by itself.
  const FakeClock still_;
  const RedisServer server_;
  RedisProxy one_{server_, still_, 1000, "one:1"};
  RedisProxy two_{server_, still_, 1000, "two:1"};
};

TEST_F(RoundTripsTest, APublishersPickCostsOneAndItsAcceptanceAnother) {
  const double before = Scripts();
  const auto publisher = Claim(one_, Role::kPublisher);
  EXPECT_EQ(Scripts() - before, 1);
  EXPECT_TRUE(MarkLiveNow(*publisher).ok());
  EXPECT_EQ(Scripts() - before, 2);
}

TEST_F(RoundTripsTest, AFirstViewersPickCostsOneAndItsAcceptanceAnother) {
  const double before = Scripts();
  const auto viewer = Claim(one_, Role::kViewer);
  EXPECT_EQ(Scripts() - before, 1);
  EXPECT_TRUE(MarkLiveNow(*viewer).ok());
  EXPECT_EQ(Scripts() - before, 2);
}

TEST_F(RoundTripsTest, AViewerOfAStreamThatFlowsWaitsForNothing) {
  const auto publisher = Claim(one_, Role::kPublisher);
  EXPECT_TRUE(MarkLiveNow(*publisher).ok());
  one_.Settle();
  two_.Settle();
  WaitUntil([&] { return two_.streams()->state() == StoreState::kSynced; }, "it is verified");
  server_.Command({"CLIENT", "PAUSE", "500", "ALL"});
  const int64_t hits = two_.streams()->cache_hits();
  std::unique_ptr<StreamHold> viewer;
  bool accepted = false;
  two_.streams()->Claim({.key = key_, .origin_id = "b", .role = Role::kViewer},
                        [&](absl::StatusOr<ClaimOutcome> outcome) {
                          EXPECT_EQ(outcome->mapping.origin_id, "a");
                          viewer = std::move(outcome->hold);
                        });
  ASSERT_NE(viewer, nullptr) << "answered inline, though Redis answers nobody";
  viewer->MarkLive([&](const absl::Status& status) { accepted = status.ok(); });
  EXPECT_TRUE(accepted);
  EXPECT_EQ(two_.streams()->cache_hits() - hits, 1u);
}

// Redis has two sessions of this proxy, once there were two.
TEST_F(RoundTripsTest, FurtherViewersAreNoNews) {
  const auto publisher = Claim(one_, Role::kPublisher);
  EXPECT_TRUE(MarkLiveNow(*publisher).ok());
  one_.Settle();
  two_.Settle();
  const auto first = Claim(two_, Role::kViewer);
  auto second = Claim(two_, Role::kViewer);
  two_.Settle();
  const double before = Scripts();
  for (int i = 0; i < 100; ++i) {
    second.reset();
    second = Claim(two_, Role::kViewer);
  }
  two_.Settle();
  EXPECT_EQ(Scripts(), before);
}

}  // namespace
}  // namespace srsproxy
