#include "dataplane/balance/session_evictor.h"

#include <map>

#include <gtest/gtest.h>

#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/fake_clock.h"
#include "tests/support/held_claims.h"
#include "tests/unit/dataplane/balance/fake_sessions.h"

namespace srsproxy {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);

class SessionEvictorTest : public testing::Test {
 protected:
  void Move(const StreamKey& key, const std::string& origin_id,
            absl::Time deadline = absl::InfiniteFuture()) {
    streams_.Move({.key = key, .origin_id = origin_id, .deadline = deadline},
                  [](const absl::StatusOr<MoveOutcome>& moved) { ASSERT_TRUE(moved.ok()); });
  }
  // A stream with viewers on `a`, that has moved to `b`.
  void MakeStrays(const StreamKey& key, int viewers) {
    for (int i = 0; i < viewers; ++i) sessions_.Connect(key, Role::kViewer, "a");
    Move(key, "b");
    ASSERT_TRUE(evictor_.EvictMisplacedViewers(key, /*publisher_elsewhere=*/false));
  }
  void Run(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= kTick) {
      clock_.Advance(kTick);
      evictor_.Tick();
    }
  }

  FakeClock clock_;
  MemoryStreamDirectory streams_{clock_, 1000};
  FakeSessions sessions_{streams_};
  SessionEvictor evictor_{clock_, streams_, sessions_, {.max_streams = 3}};
  const StreamKey key_{"v.com", "live", "cam"};
  const StreamKey other_{"v.com", "live", "other"};
};

TEST_F(SessionEvictorTest, EndsMisplacedViewersAtTheRate) {
  MakeStrays(key_, 500);
  Run(absl::Seconds(4));
  EXPECT_NEAR(static_cast<double>(sessions_.kicks.size()), 200, 15);
  Run(absl::Seconds(7));
  EXPECT_EQ(sessions_.CountOn("a"), 0u);
  EXPECT_EQ(sessions_.kicks.size(), 500u);
}

TEST_F(SessionEvictorTest, StreamsTakeTurns) {
  MakeStrays(key_, 300);
  MakeStrays(other_, 300);
  Run(absl::Seconds(4));
  std::map<StreamKey, int> ended;
  for (const SessionInfo& session : sessions_.kicks) ++ended[session.key];
  EXPECT_NEAR(ended[key_], 100, 15);
  EXPECT_NEAR(ended[other_], 100, 15);
}

TEST_F(SessionEvictorTest, SparesThoseWhoAreWhereTheStreamIs) {
  MakeStrays(key_, 2);
  for (int i = 0; i < 3; ++i) sessions_.Connect(key_, Role::kViewer);
  Run(absl::Seconds(20));
  EXPECT_EQ(sessions_.kicks.size(), 2u);
  EXPECT_EQ(sessions_.CountOn("b"), 3u);
  EXPECT_EQ(evictor_.streams(), 0u) << "done";
}

TEST_F(SessionEvictorTest, CatchesWhoComesLate) {
  MakeStrays(key_, 1);
  Run(absl::Seconds(1));
  // It asked before the move, and is connected only now.
  sessions_.Connect(key_, Role::kViewer);
  sessions_.sessions.back().origin_id = "a";
  Run(absl::Seconds(4));
  EXPECT_EQ(sessions_.CountOn("a"), 0u);
  EXPECT_EQ(sessions_.kicks.size(), 2u);
}

TEST_F(SessionEvictorTest, CallsNobodyWhenNobodyIsLeft) {
  MakeStrays(key_, 1);
  Run(absl::Seconds(20));
  sessions_.questions = 0;
  ASSERT_TRUE(evictor_.EvictMisplacedViewers(key_, false));
  Run(absl::Seconds(2));
  EXPECT_EQ(sessions_.questions, 0u);
  EXPECT_EQ(evictor_.streams(), 0u);
}

TEST_F(SessionEvictorTest, LeavesViewersWithAPublisherThatIsElsewhere) {
  const std::string publisher = sessions_.Connect(key_, Role::kPublisher, "a");
  sessions_.Connect(key_, Role::kViewer, "a");
  const uint64_t version = streams_.Find(key_)->version;
  HeldClaims claims(streams_);
  claims.Claim({key_, "b", Role::kViewer, version});
  ASSERT_TRUE(evictor_.EvictMisplacedViewers(key_, /*publisher_elsewhere=*/true));
  Run(absl::Minutes(1));
  EXPECT_TRUE(sessions_.kicks.empty());

  sessions_.End(publisher);
  Run(absl::Seconds(4));
  ASSERT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(sessions_.kicks[0].role, Role::kViewer);
}

// The answer that no publisher is elsewhere is of before the stream was placed elsewhere.
TEST_F(SessionEvictorTest, AnAnswerOfBeforeTheStreamMovedEndsNobody) {
  sessions_.Connect(key_, Role::kPublisher, "a");
  sessions_.Connect(key_, Role::kViewer);
  HeldClaims claims(streams_);
  ASSERT_TRUE(evictor_.EvictMisplacedViewers(key_, /*publisher_elsewhere=*/true));
  sessions_.hold_lists = true;
  Run(kTick);
  ASSERT_EQ(sessions_.questions, 1u);
  claims.Claim({key_, "b", Role::kViewer, streams_.Find(key_)->version});
  ASSERT_TRUE(evictor_.EvictMisplacedViewers(key_, /*publisher_elsewhere=*/true));
  sessions_.AnswerLists();
  Run(absl::Minutes(1));
  EXPECT_TRUE(sessions_.kicks.empty()) << "they are where the publisher is";
}

// The event of the move has not come yet.
TEST_F(SessionEvictorTest, LooksForThePublisherAgainWhereverTheStreamIs) {
  sessions_.Connect(key_, Role::kPublisher, "a");
  sessions_.Connect(key_, Role::kViewer);
  HeldClaims claims(streams_);
  ASSERT_TRUE(evictor_.EvictMisplacedViewers(key_, /*publisher_elsewhere=*/false));
  Run(absl::Seconds(1));
  claims.Claim({key_, "b", Role::kViewer, streams_.Find(key_)->version});
  Run(absl::Minutes(1));
  EXPECT_TRUE(sessions_.kicks.empty());
}

TEST_F(SessionEvictorTest, EndsPublishersOfAnOverdueMove) {
  sessions_.Connect(key_, Role::kPublisher, "a");
  Move(key_, "b", clock_.WallNow() + absl::Minutes(1));
  ASSERT_TRUE(evictor_.EvictPublishers(key_));
  Run(absl::Seconds(30));
  EXPECT_TRUE(sessions_.kicks.empty()) << "it is not yet time";
  EXPECT_EQ(evictor_.streams(), 0u);

  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(evictor_.EvictPublishers(key_));
  Run(absl::Seconds(2));
  EXPECT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(streams_.Find(key_)->origin_id, "b");
  sessions_.Connect(key_, Role::kPublisher);
  Run(absl::Seconds(20));
  EXPECT_EQ(sessions_.kicks.size(), 1u) << "it came back where the stream is";
  EXPECT_EQ(evictor_.streams(), 0u);
}

TEST_F(SessionEvictorTest, TakesNoMoreStreamsThanItMay) {
  for (const char* stream : {"1", "2", "3"}) MakeStrays({"v.com", "live", stream}, 1);
  sessions_.Connect(key_, Role::kViewer, "a");
  EXPECT_FALSE(evictor_.EvictMisplacedViewers(key_, false));
  EXPECT_TRUE(evictor_.EvictMisplacedViewers({"v.com", "live", "2"}, false)) << "one of those";
  Run(absl::Seconds(20));
  EXPECT_TRUE(evictor_.EvictMisplacedViewers(key_, false));
}

TEST_F(SessionEvictorTest, ForgetsAStreamThatIsGone) {
  MakeStrays(key_, 1);
  streams_.Release(key_, 0, /*force=*/true, [](const auto&) {});
  Run(absl::Seconds(2));
  EXPECT_EQ(evictor_.streams(), 0u);
  EXPECT_TRUE(sessions_.kicks.empty());
}

}  // namespace
}  // namespace srsproxy
