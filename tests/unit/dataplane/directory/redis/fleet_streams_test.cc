// What proxies that share a Redis learn of each other, and what becomes of it when Redis forgets.
#include <array>
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/claim_now.h"
#include "tests/support/departures.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

constexpr char kMapping[] = "srs-proxy-url:v.com/live/cam";

class FleetStreamsTest : public testing::Test {
 protected:
  struct Session {
    StreamMapping mapping;
    std::mutex mutex;
    absl::Status lost_status;  // Guarded by mutex.
    std::unique_ptr<StreamHold> hold;

    absl::Status lost() {
      const std::lock_guard lock(mutex);
      return lost_status;
    }
  };
  std::unique_ptr<Session> Claim(RedisProxy& proxy, const std::string& origin, Role role,
                                 uint64_t replaces = 0) {
    ClaimOutcome outcome = ClaimNow(*proxy.streams(), {.key = key_,
                                                       .origin_id = origin,
                                                       .role = role,
                                                       .replaces_version = replaces,
                                                       .other_vhost_origin = ""})
                               .value();
    auto session = std::make_unique<Session>();
    session->mapping = std::move(outcome.mapping);
    session->hold = std::move(outcome.hold);
    return session;
  }
  static absl::Status MarkLive(Session& session) {
    session.hold->WhenLost([&session](const absl::Status& why) {
      const std::lock_guard lock(session.mutex);
      session.lost_status = why;
    });
    return MarkLiveNow(*session.hold);
  }
  std::unique_ptr<Session> Publish(RedisProxy& proxy, const std::string& origin) {
    auto session = Claim(proxy, origin, Role::kPublisher);
    EXPECT_TRUE(MarkLive(*session).ok());
    return session;
  }
  // What each has written is seen by both.
  void Settle() {
    for (int i = 0; i < 2; ++i) {
      one_.Settle();
      two_.Settle();
    }
  }
  std::string Mapping() {
    const Reply reply = server_.Command({"GET", kMapping});
    return std::string(reply.AsOptionalText().value().value_or("(none)"));
  }
  using Reply = redis::Reply;

  const StreamKey key_{"v.com", "live", "cam"};
  Clock clock_;
  RedisServer server_;
  RedisProxy one_{server_, clock_, 1000, "one:1"};
  RedisProxy two_{server_, clock_, 1000, "two:1"};
};

TEST_F(FleetStreamsTest, AStreamIsKnownToAllOnceItIsPublished) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  Settle();
  EXPECT_EQ(two_.streams()->Find(key_), std::nullopt) << "provisional";
  const auto publisher = Publish(one_, "b");
  EXPECT_EQ(publisher->mapping.origin_id, "a");
  Settle();
  const auto seen = two_.streams()->Find(key_);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->origin_id, "a");
  EXPECT_TRUE(seen->publisher_live);
  EXPECT_EQ(seen->publishers, 0u) << "those are another proxy's";
  EXPECT_TRUE(seen->in_use());
  EXPECT_EQ(Claim(two_, "b", Role::kViewer)->mapping.origin_id, "a");
}

TEST_F(FleetStreamsTest, AMovesOutcomeCountsTheSessionsOfAllProxies) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  const auto other_viewer = Claim(two_, "a", Role::kViewer);
  const auto foreseen = [&] {
    Settle();
    std::promise<MoveOutcome> answer;
    two_.streams()->Move(
        {.key = key_, .origin_id = "b", .validate_only = true},
        [&](absl::StatusOr<MoveOutcome> moved) { answer.set_value(moved.value()); });
    return answer.get_future().get();
  };
  EXPECT_EQ(foreseen().former_origin_id, "a");
  EXPECT_EQ(foreseen().viewers, 2u);
  const auto publisher = Claim(one_, "a", Role::kPublisher);
  EXPECT_EQ(foreseen().mapping.pending->origin_id, "b") << "for one that is not live yet";
  EXPECT_EQ(foreseen().publishers, 1u);
  EXPECT_EQ(foreseen().mapping.publishers, 0u) << "of this proxy";
}

TEST_F(FleetStreamsTest, AProvisionalStreamIsFoundByWhoAsks) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  EXPECT_EQ(Claim(two_, "b", Role::kViewer)->mapping.origin_id, "a");
}

// Nobody would tell it of the end.
TEST_F(FleetStreamsTest, AProvisionalStreamIsForgottenByWhoNoLongerUsesIt) {
  auto viewer = Claim(one_, "a", Role::kViewer);
  Claim(two_, "b", Role::kViewer)->hold.reset();
  Settle();
  EXPECT_EQ(two_.streams()->Find(key_), std::nullopt);
  EXPECT_EQ(two_.streams()->in_use(), 0u);
  EXPECT_TRUE(one_.streams()->Find(key_).has_value());
}

TEST_F(FleetStreamsTest, WhoUsesAProvisionalStreamLearnsOfItsRelease) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  std::latch answered(1);
  two_.streams()->Release({.key = key_, .force = true}, [&](const auto& released) {
    EXPECT_TRUE(released.ok()) << released.status();
    answered.count_down();
  });
  answered.wait();
  Settle();
  EXPECT_EQ(one_.streams()->Find(key_), std::nullopt);
  EXPECT_EQ(Mapping(), "(none)");
}

TEST_F(FleetStreamsTest, AStreamIsInUseUntilTheLastProxysSessionsEnd) {
  auto publisher = Publish(one_, "a");
  Settle();
  auto viewer = Claim(two_, "b", Role::kViewer);
  publisher.reset();
  Settle();
  for (RedisProxy* proxy : {&one_, &two_}) {
    EXPECT_TRUE(proxy->streams()->Find(key_)->in_use());
    EXPECT_FALSE(proxy->streams()->Find(key_)->publisher_live);
    EXPECT_EQ(proxy->streams()->CountsOf("a").in_use, 1u);
  }
  viewer.reset();
  Settle();
  for (RedisProxy* proxy : {&one_, &two_}) EXPECT_EQ(proxy->streams()->in_use(), 0u);
}

TEST_F(FleetStreamsTest, APublisherIsLostToOneThatIsAcceptedAtAnotherProxy) {
  const auto first = Publish(one_, "a");
  Settle();
  const auto second = Claim(two_, "b", Role::kPublisher, two_.streams()->Find(key_)->version);
  EXPECT_EQ(second->mapping.origin_id, "b");
  EXPECT_TRUE(first->lost().ok());
  EXPECT_TRUE(MarkLive(*second).ok());
  WaitUntil([&] { return !first->lost().ok(); }, "the first one is lost");
  EXPECT_TRUE(absl::IsAborted(first->lost())) << first->lost();
}

TEST_F(FleetStreamsTest, AFlushedRedisIsWrittenAgain) {
  const auto publisher = Publish(one_, "a");
  const auto viewer = Claim(two_, "a", Role::kViewer);
  Settle();
  server_.Command({"FLUSHALL"});
  WaitUntil([&] { return Mapping() == "srs-proxy-server:a"; }, "it is written again");
  for (RedisProxy* proxy : {&one_, &two_}) {
    WaitUntil(
        [&] {
          return proxy->streams()->state() == StoreState::kSynced &&
                 proxy->streams()->Find(key_).has_value() &&
                 proxy->streams()->Find(key_)->publisher_live;
        },
        "it is known");
    EXPECT_EQ(proxy->streams()->Find(key_)->origin_id, "a");
  }
  EXPECT_TRUE(publisher->lost().ok());
}

TEST_F(FleetStreamsTest, AFeedThatIsGoneIsReplacedByReadingAnew) {
  const auto publisher = Publish(one_, "a");
  Settle();
  server_.Command({"DEL", "srs-proxy-x-feed"});
  // As a script does whose entry nobody gets to read.
  server_.Command({"HINCRBY", "srs-proxy-x-history", "fed", "1"});
  server_.Command({"HSET", "srs-proxy-x-url:v.com/live/cam", "origin", "b", "revision", "99"});
  WaitUntil([&] { return two_.streams()->Find(key_)->origin_id == "b"; }, "all is read anew");
}

TEST_F(FleetStreamsTest, EntriesThatAreTooLongToBeReadArePassedOver) {
  server_.Command(
      {"EVAL",
       "for i = 1, 2 do redis.call('XADD', KEYS[1], '*', 'x', string.rep('x', 9000000)) "
       "end return 1",
       "1", "srs-proxy-x-feed"});
  const auto publisher = Publish(one_, "a");
  WaitUntil([&] { return two_.streams()->Find(key_).has_value(); }, "what comes after is known");
}

// Viewers of a stream that nobody publishes yet are in no feed.
TEST_F(FleetStreamsTest, WaitingViewersFollowToWhereTheStreamIsPlacedAnew) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  Departures departures;
  const Subscription subscription = one_.streams()->Subscribe(departures);
  // The other proxy does not reach that origin.
  const auto other = Claim(two_, "b", Role::kViewer, viewer->mapping.version);
  ASSERT_EQ(other->mapping.origin_id, "b");
  const auto publisher = Publish(two_, "b");
  WaitUntil([&] { return departures.Has("a>b"); }, "its viewers follow");
  Settle();
  EXPECT_EQ(departures.seen().size(), 1u);
}

TEST_F(FleetStreamsTest, AConnectionThatIsCutIsMadeAgain) {
  const auto publisher = Publish(one_, "a");
  Settle();
  for (int i = 0; i < 3; ++i) {
    server_.Command({"CLIENT", "KILL", "TYPE", "normal"});
    const StreamKey other{"v.com", "live", "other"};
    WaitUntil([&] { return two_.streams()->state() == StoreState::kSynced; }, "synced");
    EXPECT_EQ(two_.streams()->Find(key_)->origin_id, "a");
  }
  EXPECT_TRUE(publisher->lost().ok());
}

TEST_F(FleetStreamsTest, NoClaimThatWaitedWhileRedisWasLostIsGranted) {
  server_.Suspend();
  std::array<absl::StatusOr<ClaimOutcome>, 2> outcomes;
  std::latch answered(2);
  for (int i = 0; i < 2; ++i) {
    one_.streams()->Claim({.key = key_,
                           .origin_id = i == 0 ? "a" : "b",
                           .role = Role::kViewer,
                           .other_vhost_origin = ""},
                          [&, i](absl::StatusOr<ClaimOutcome> outcome) {
                            outcomes[i] = std::move(outcome);
                            answered.count_down();
                          });
  }
  server_.Kill();
  answered.wait();
  // Neither was chosen by the rule for a Redis that has gone.
  for (const auto& outcome : outcomes) {
    EXPECT_TRUE(absl::IsUnavailable(outcome.status())) << outcome.status();
  }
  EXPECT_EQ(Claim(one_, "c", Role::kViewer)->mapping.origin_id, "c");
}

// More than may be open at once: nothing is wrong with Redis.
TEST_F(FleetStreamsTest, AFloodOfNewStreamsIsNoLossOfRedis) {
  constexpr int kFlood = 17'000;
  RedisProxy flooded(server_, clock_, 2 * kFlood, "flooded:1");
  auto publisher = Publish(flooded, "a");
  Settle();
  flooded.Settle();
  server_.Suspend();
  std::atomic<int> placed = 0;
  std::atomic<int> refused = 0;
  for (int i = 0; i < kFlood; ++i) {
    flooded.streams()->Claim(
        {.key = {"v.com", "live", absl::StrCat("new-", i)},
         .origin_id = "a",
         .role = Role::kViewer,
         .other_vhost_origin = ""},
        [&](const absl::StatusOr<ClaimOutcome>& outcome) { ++(outcome.ok() ? placed : refused); });
  }
  EXPECT_GT(refused, 0);
  EXPECT_TRUE(flooded.streams()->is_usable());
  publisher.reset();
  EXPECT_TRUE(flooded.streams()->is_usable());
  server_.Resume();
  WaitUntil([&] { return placed + refused == kFlood; }, "all are answered");
  EXPECT_GT(placed, kFlood / 2);
  // What could not be written at once is written later.
  WaitUntil([&] { return !two_.streams()->Find(key_)->in_use(); }, "its end is known to others");
}

TEST_F(FleetStreamsTest, AProxyThatComesLaterReadsAll) {
  const auto publisher = Publish(one_, "a");
  std::latch pinned(1);
  one_.streams()->Pin({key_, "server"}, [&](const auto&) { pinned.count_down(); });
  pinned.wait();
  Settle();
  RedisProxy three(server_, clock_, 1000, "three:1");
  ASSERT_TRUE(three.streams()->Find(key_).has_value());
  EXPECT_TRUE(three.streams()->Find(key_)->publisher_live);
  EXPECT_EQ(three.streams()->PinnedServer(key_), "server");
  EXPECT_EQ(two_.streams()->PinnedServer(key_), "server");
}

TEST_F(FleetStreamsTest, AGoProxysWritingIsSeenASecondLater) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  // Its GET came before our claim, its SET after.
  server_.Command({"SET", kMapping, "srs-proxy-server:go"});
  WaitUntil([&] { return one_.streams()->Find(key_)->origin_id == "go"; }, "it is seen");
}

}  // namespace
}  // namespace srsproxy
