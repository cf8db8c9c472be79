// Viewers of HLS: what makes requests one session, its end, and what becomes of it over a move.

#include "dataplane/proxy/hls/hls_sessions.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::IsEmpty;

const StreamKey kKey{"v", "live", "one"};
constexpr char kPath[] = "/live/one.m3u8";

class FakeLease final : public StreamLease {
 public:
  explicit FakeLease(int& held, StreamHold::LiveCallback* asked = nullptr)
      : held_(held), asked_(asked) {
    ++held_;
  }
  ~FakeLease() override { Refused(); }
  void MarkLive(StreamHold::LiveCallback done) override {
    if (asked_ == nullptr) return done(absl::OkStatus());
    *asked_ = std::move(done);
  }
  void WhenLost(StreamHold::LostCallback) override {}
  void Refused() override { held_ -= std::exchange(ended_, true) ? 0 : 1; }

 private:
  int& held_;
  StreamHold::LiveCallback* const asked_;  // Answered by the test. Null: at once.
  bool ended_ = false;
};

class HlsSessionsTest : public testing::Test {
 protected:
  static HlsViewerKey Caller(std::string context, std::string host = "10.0.0.1") {
    return {.client = host + ":1000",
            .host = host,
            .key = kKey,
            .context = std::move(context),
            .user_agent = "player"};
  }

  // A media playlist with `segments` from `first` on, of the origin `origin`.
  std::optional<hls::PlaylistNumbers> Poll(const HlsViewerKey& viewer, const std::string& origin,
                                           const std::string& context = "", int first = 0,
                                           int segments = 3) {
    std::string text =
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(first) + "\n";
    for (int i = 0; i < segments; ++i) {
      text += "#EXTINF:4,\none-" + std::to_string(first + i) + ".ts\n";
    }
    return Serve(viewer, text, origin, context);
  }
  std::optional<hls::PlaylistNumbers> Serve(const HlsViewerKey& viewer, const std::string& text,
                                            const std::string& origin, const std::string& context) {
    const auto playlist = hls::ReadPlaylist(text);
    EXPECT_TRUE(playlist.ok());
    return sessions_.Serve(viewer, {.path = kPath,
                                    .content = *playlist,
                                    .context = context,
                                    .origin_id = origin,
                                    .server = origin,
                                    .lease = std::make_unique<FakeLease>(leases_, asked_),
                                    .elapsed = absl::Milliseconds(1)});
  }
  std::vector<SessionInfo> Listed() const { return sessions_.List({}, "", 100).sessions; }

  FakeClock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"test"};
  int leases_ = 0;
  StreamHold::LiveCallback* asked_ = nullptr;
  HlsSessions sessions_{
      clock_, logger_, metrics_, metrics_.AddWorker(), {.max_sessions = 3, .max_kept_bytes = 1000}};
};

TEST_F(HlsSessionsTest, HoldsNothingWhereTheStreamIsNoMore) {
  StreamHold::LiveCallback asked;
  asked_ = &asked;
  Poll(Caller("x"), "a");
  EXPECT_EQ(leases_, 1);
  asked(absl::AbortedError("it is on b"));
  EXPECT_EQ(leases_, 0);
  EXPECT_EQ(Listed().size(), 1u) << "its next request is placed anew";
  Poll(Caller("x"), "b");
  EXPECT_EQ(leases_, 1);
  asked(absl::CancelledError("the proxy stops"));
  EXPECT_EQ(leases_, 1);
  Poll(Caller("x"), "b");
  clock_.Advance(absl::Minutes(1));
  sessions_.Tick();
  EXPECT_EQ(leases_, 0);
  asked(absl::AbortedError("too late for anybody"));
}

TEST_F(HlsSessionsTest, ManyPollsAreOneSession) {
  for (int poll = 0; poll < 5; ++poll) {
    Poll(Caller("abc"), "a", "abc");
    sessions_.AddBytes(Caller("abc"), 100);
  }
  ASSERT_EQ(Listed().size(), 1u);
  const SessionInfo info = Listed().front();
  EXPECT_EQ(info.protocol, Protocol::kHls);
  EXPECT_EQ(info.role, Role::kViewer);
  EXPECT_EQ(info.key, kKey);
  EXPECT_EQ(info.origin_id, "a");
  EXPECT_EQ(info.client, "10.0.0.1:1000");
  EXPECT_EQ(info.bytes_out, 500u);
  EXPECT_EQ(leases_, 1);
  EXPECT_EQ(sessions_.AudienceOf(kKey).viewers[static_cast<size_t>(Protocol::kHls)], 1u);
}

TEST_F(HlsSessionsTest, AddressContextAndPlayerDistinguishSessions) {
  Poll(Caller("abc"), "a", "abc");
  Poll(Caller("def"), "a", "def");
  Poll(Caller("abc", "10.0.0.2"), "a", "abc");
  EXPECT_EQ(Listed().size(), 3u);
}

TEST_F(HlsSessionsTest, WithoutAContextThePlayersNameCounts) {
  HlsViewerKey other = Caller("");
  other.user_agent = "other";
  Poll(Caller(""), "a");
  Poll(Caller(""), "a");
  Poll(other, "a");
  EXPECT_EQ(Listed().size(), 2u);
}

// The context that the master playlist gives is the one that the player polls with.
TEST_F(HlsSessionsTest, BeginsWithTheMasterPlaylist) {
  Serve(Caller(""), "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\none.m3u8?hls_ctx=abc\n", "a", "abc");
  EXPECT_FALSE(sessions_.Find(Caller(""), kPath).known);
  EXPECT_TRUE(sessions_.Find(Caller("abc"), kPath).known);
  EXPECT_FALSE(sessions_.Find(Caller("abc"), kPath).polls_path);
  Poll(Caller("abc"), "a", "abc");
  EXPECT_EQ(Listed().size(), 1u);
  EXPECT_TRUE(sessions_.Find(Caller("abc"), kPath).polls_path);
}

TEST_F(HlsSessionsTest, EndsAfterThirtySecondsOfSilence) {
  Poll(Caller("abc"), "a", "abc");
  clock_.Advance(absl::Seconds(29));
  sessions_.Tick();
  EXPECT_EQ(Listed().size(), 1u);
  sessions_.Find(Caller("abc"), "");  // A segment.
  clock_.Advance(absl::Seconds(29));
  sessions_.Tick();
  EXPECT_EQ(Listed().size(), 1u);
  clock_.Advance(absl::Seconds(1));
  sessions_.Tick();
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_EQ(leases_, 0);
  EXPECT_EQ(sessions_.size(), 0u);
}

TEST_F(HlsSessionsTest, AKickedOneGetsNothingUntilItWasSilent) {
  Poll(Caller("abc"), "a", "abc");
  SessionFilter filter;
  filter.key = kKey;
  EXPECT_EQ(sessions_.Kick(filter, 10, absl::AbortedError("kicked")).size(), 1u);
  EXPECT_THAT(Listed(), IsEmpty());
  EXPECT_EQ(leases_, 0);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(20));
    sessions_.Tick();
    EXPECT_TRUE(sessions_.Find(Caller("abc"), kPath).kicked);
  }
  EXPECT_FALSE(Poll(Caller("abc"), "a", "abc").has_value());
  EXPECT_THAT(Listed(), IsEmpty());
  clock_.Advance(absl::Seconds(30));
  sessions_.Tick();
  EXPECT_FALSE(sessions_.Find(Caller("abc"), kPath).kicked);
}

TEST_F(HlsSessionsTest, NobodyIsKickedForBeingOnAFormerOrigin) {
  Poll(Caller("abc"), "a", "abc");
  SessionFilter filter;
  filter.key = kKey;
  filter.not_origin_id = "b";
  EXPECT_THAT(sessions_.Kick(filter, 10, absl::AbortedError("moved")), IsEmpty());
  EXPECT_EQ(Listed().size(), 1u);
}

TEST_F(HlsSessionsTest, AfterAMoveTheNumbersGoOn) {
  Poll(Caller("abc"), "a", "abc", 100);
  EXPECT_FALSE(Poll(Caller("abc"), "a", "abc", 101).has_value());
  const auto numbers = Poll(Caller("abc"), "b", "xyz", 5);
  ASSERT_TRUE(numbers.has_value());
  EXPECT_EQ(numbers->media_sequence, 104u);
  EXPECT_TRUE(numbers->discontinuity_before.has_value());

  const auto view = sessions_.Find(Caller("abc"), kPath);
  EXPECT_EQ(view.origin_id, "b");
  EXPECT_EQ(view.former_origin_id, "a");
  EXPECT_EQ(view.context, "xyz");
  EXPECT_EQ(view.viewer_origin_id, "a");
  EXPECT_TRUE(view.renumbered);
  // Segments that the new origin lists carry its context.
  EXPECT_EQ(sessions_.Find(Caller("xyz"), "").viewer_origin_id, "b");
  EXPECT_EQ(Listed().size(), 1u);
}

TEST_F(HlsSessionsTest, ManyMovesAreOneSessionAndBounded) {
  for (int move = 0; move < 20; ++move) {
    Poll(Caller("abc"), "origin-" + std::to_string(move), "ctx-" + std::to_string(move));
  }
  EXPECT_EQ(Listed().size(), 1u);
  EXPECT_TRUE(sessions_.Find(Caller("abc"), kPath).known);
  EXPECT_TRUE(sessions_.Find(Caller("ctx-19"), kPath).known);
  EXPECT_FALSE(sessions_.Find(Caller("ctx-3"), kPath).known);
}

TEST_F(HlsSessionsTest, AboveTheLimitTheMostSilentEnds) {
  for (const char* context : {"1", "2", "3"}) Poll(Caller(context), "a", context);
  Poll(Caller("1"), "a", "1");
  Poll(Caller("4"), "a", "4");
  EXPECT_EQ(Listed().size(), 3u);
  EXPECT_FALSE(sessions_.Find(Caller("2"), "").known);
  EXPECT_TRUE(sessions_.Find(Caller("1"), "").known);
  EXPECT_EQ(leases_, 3);
}

TEST_F(HlsSessionsTest, KeepsWhatWasHandedOutForAWhile) {
  const HlsViewerKey viewer = Caller("abc");
  sessions_.Keep(viewer, kPath, "before the first");
  EXPECT_FALSE(sessions_.Kept(viewer, kPath).has_value());
  Poll(viewer, "a", "abc");
  EXPECT_FALSE(sessions_.Kept(viewer, kPath).has_value());
  sessions_.Keep(viewer, kPath, "one");
  sessions_.Keep(viewer, kPath, "two");
  EXPECT_EQ(sessions_.Kept(viewer, kPath), "two");
  EXPECT_FALSE(sessions_.Kept(viewer, "/else").has_value());
  EXPECT_FALSE(sessions_.Kept(Caller("def"), kPath).has_value());
  clock_.Advance(absl::Seconds(61));
  EXPECT_FALSE(sessions_.Kept(viewer, kPath).has_value());
}

TEST_F(HlsSessionsTest, WhatIsKeptIsBounded) {
  const std::string text(400, 'x');
  for (const char* context : {"1", "2", "3"}) {
    Poll(Caller(context), "a", context);
    sessions_.Keep(Caller(context), kPath, text);
  }
  EXPECT_TRUE(sessions_.Kept(Caller("2"), kPath).has_value());
  EXPECT_FALSE(sessions_.Kept(Caller("3"), kPath).has_value());
  // Room again.
  sessions_.EndAll(absl::CancelledError("ended"));
  Poll(Caller("3"), "a", "3");
  sessions_.Keep(Caller("3"), kPath, text);
  EXPECT_TRUE(sessions_.Kept(Caller("3"), kPath).has_value());
  sessions_.Keep(Caller("3"), kPath, std::string(20'000, 'x'));
  EXPECT_FALSE(sessions_.Kept(Caller("3"), kPath).has_value());
}

TEST_F(HlsSessionsTest, AllEndWithTheProxy) {
  for (const char* context : {"1", "2"}) Poll(Caller(context), "a", context);
  sessions_.EndAll(absl::CancelledError("stops"));
  EXPECT_EQ(sessions_.size(), 0u);
  EXPECT_EQ(leases_, 0);
}

}  // namespace
}  // namespace srsproxy
