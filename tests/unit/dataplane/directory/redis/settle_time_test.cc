// Two proxies after Redis has lost its data, or was away: nothing is decided before both are back.
#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fault_relay.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

constexpr char kMapping[] = "srs-proxy-url:v.com/live/cam";

class SettleTimeTest : public testing::Test {
 protected:
  SettleTimeTest() {
    one_.Know({"two:1"});
    two_.Know({"one:1"});
  }

  void Claim(RedisProxy& proxy, const std::string& origin, Role role, uint64_t replaces,
             std::latch& answered) {
    proxy.streams()->Claim({.key = key_,
                            .origin_id = origin,
                            .role = role,
                            .replaces_version = replaces,
                            .unless_live = true,
                            .other_vhost_origin = ""},
                           [this, &answered](absl::StatusOr<ClaimOutcome> outcome) {
                             EXPECT_TRUE(outcome.ok()) << outcome.status();
                             if (outcome.ok()) outcome_ = *std::move(outcome);
                             answered.count_down();
                           });
  }
  std::unique_ptr<StreamHold> ClaimAndWait(RedisProxy& proxy, const std::string& origin, Role role,
                                           uint64_t replaces = 0) {
    std::latch answered(1);
    Claim(proxy, origin, role, replaces, answered);
    answered.wait();
    return std::move(outcome_.hold);
  }
  std::unique_ptr<StreamHold> Publish(RedisProxy& proxy, const std::string& origin) {
    auto hold = ClaimAndWait(proxy, origin, Role::kPublisher);
    std::latch accepted(1);
    hold->MarkLive([&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      accepted.count_down();
    });
    accepted.wait();
    return hold;
  }
  MoveOutcome Move(RedisProxy& proxy, const std::string& origin) {
    MoveOutcome moved;
    std::latch answered(1);
    proxy.streams()->Move({.key = key_, .origin_id = origin}, [&](auto outcome) {
      EXPECT_TRUE(outcome.ok()) << outcome.status();
      if (outcome.ok()) moved = *std::move(outcome);
      answered.count_down();
    });
    answered.wait();
    return moved;
  }
  static void Cut(FaultRelay& relay, RedisProxy& proxy) {
    relay.SetCut(true);
    WaitUntil([&] { return proxy.streams()->state() == StoreState::kGone; }, "it has lost Redis");
  }
  static void Heal(FaultRelay& relay, RedisProxy& proxy) {
    relay.SetCut(false);
    proxy.Announce();
    WaitUntil([&] { return proxy.streams()->state() == StoreState::kSynced; }, "Redis is back");
    proxy.Settle();
  }
  // A settle time begins that a loaded machine does not miss the end of.
  void BeginSettling(const std::string& before = "") {
    server_.Command({"EVAL",
                     before + "redis.call('SADD', KEYS[1], '?') "
                              "return redis.call('PEXPIRE', KEYS[1], 600000)",
                     "1", "srs-proxy-x-settle"});
  }
  void EndSettling() { server_.Command({"DEL", "srs-proxy-x-settle"}); }
  void Flush() {
    BeginSettling("redis.call('FLUSHALL') ");
    one_.Announce();
    WaitUntil([&] { return one_.settles(); }, "it is noticed");
    WaitUntil([&] { return Mapping() == "srs-proxy-server:a"; }, "its stream is written anew");
    one_.Settle();
  }
  std::string Mapping() {
    const redis::Reply reply = server_.Command({"GET", kMapping});
    return std::string(reply.AsOptionalText().value().value_or("(none)"));
  }
  bool Settles() {
    return server_.Command({"EXISTS", "srs-proxy-x-settle"}).AsInteger().value() == 1;
  }
  const StreamKey key_{"v.com", "live", "cam"};
  Clock clock_;
  RedisServer server_;
  FaultRelay way_of_one_{server_.port(), 1, {.faulty = false}};
  FaultRelay way_of_two_{server_.port(), 1, {.faulty = false}};
  RedisProxy one_{server_, clock_, 1000, "one:1", way_of_one_.port()};
  RedisProxy two_{server_, clock_, 1000, "two:1", way_of_two_.port()};
  ClaimOutcome outcome_;
};

TEST_F(SettleTimeTest, AProxyThatIsBackBeginsOne) {
  Cut(way_of_two_, two_);
  EXPECT_FALSE(Settles());
  Cut(way_of_one_, one_);
  way_of_one_.SetCut(false);
  WaitUntil([&] { return Settles(); }, "it begins, and waits for the other one");
}

TEST_F(SettleTimeTest, ItEndsWhenAllHaveWrittenWhatTheyUse) {
  const auto publisher = Publish(one_, "a");
  const auto viewer = ClaimAndWait(two_, "a", Role::kViewer);
  two_.Settle();
  Cut(way_of_two_, two_);
  Flush();
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  EXPECT_TRUE(Settles());
  Heal(way_of_two_, two_);
  WaitUntil([&] { return !Settles() && !one_.settles() && !two_.settles(); }, "it has ended");
  EXPECT_EQ(
      server_.Command({"HEXISTS", "srs-proxy-x-url:v.com/live/cam", "u:two:1"}).AsInteger().value(),
      1);
}

TEST_F(SettleTimeTest, ALateProxysPublisherIsNotReplacedAfterAFlush) {
  const auto publisher = Publish(two_, "a");
  const auto viewer = ClaimAndWait(one_, "a", Role::kViewer);
  one_.Settle();
  Cut(way_of_two_, two_);
  Flush();
  ASSERT_EQ(Mapping(), "srs-proxy-server:a") << "by its viewer";
  std::latch answered(1);
  Claim(one_, "b", Role::kViewer, one_.streams()->Find(key_)->version, answered);
  EXPECT_TRUE(Move(one_, "b").mapping.pending.has_value());
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  Heal(way_of_two_, two_);
  answered.wait();
  EXPECT_FALSE(outcome_.granted) << "its publisher was live there all the time";
  EXPECT_EQ(outcome_.mapping.origin_id, "a");
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  EXPECT_TRUE(two_.streams()->Find(key_)->publisher_live);
}

// Redis was away for longer than announcements live.
TEST_F(SettleTimeTest, APendingMoveIsNotDoneBeforeItsPublishersProxyIsBack) {
  auto publisher = Publish(two_, "a");
  WaitUntil([&] { return one_.streams()->Find(key_).has_value(); }, "both know it");
  const auto viewer = ClaimAndWait(one_, "a", Role::kViewer);
  EXPECT_TRUE(Move(one_, "b").mapping.pending.has_value());
  Cut(way_of_one_, one_);
  Cut(way_of_two_, two_);
  server_.Command({"DEL", "srs-proxy-x-proxy:one:1", "srs-proxy-x-proxy:two:1"});
  BeginSettling();
  Heal(way_of_one_, one_);
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  Heal(way_of_two_, two_);
  WaitUntil([&] { return !Settles(); }, "it has ended");
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  publisher.reset();
  WaitUntil([&] { return Mapping() == "srs-proxy-server:b"; }, "it is moved");
}

TEST_F(SettleTimeTest, AMoveThatWaitedIsDoneWhenItHasEnded) {
  auto publisher = Publish(one_, "a");
  EXPECT_TRUE(Move(one_, "b").mapping.pending.has_value());
  BeginSettling();
  publisher.reset();
  one_.Settle();
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  EndSettling();
  WaitUntil([&] { return Mapping() == "srs-proxy-server:b"; }, "it is moved");
}

TEST_F(SettleTimeTest, AViewerIsServedWhenItHasEnded) {
  const auto viewer = ClaimAndWait(one_, "a", Role::kViewer);
  Cut(way_of_two_, two_);  // And it does not come back.
  Flush();
  std::latch answered(1);
  Claim(one_, "b", Role::kViewer, one_.streams()->Find(key_)->version, answered);
  one_.Settle();
  EXPECT_EQ(Mapping(), "srs-proxy-server:a");
  EndSettling();
  answered.wait();
  EXPECT_TRUE(outcome_.granted);
  EXPECT_EQ(Mapping(), "srs-proxy-server:b");
}

TEST_F(SettleTimeTest, WhoWaitsIsAnsweredWhenTheProxyStops) {
  const auto viewer = ClaimAndWait(one_, "a", Role::kViewer);
  Cut(way_of_two_, two_);
  Flush();
  absl::Status refused;
  std::latch answered(1);
  one_.streams()->Claim(
      {.key = key_, .origin_id = "b", .replaces_version = one_.streams()->Find(key_)->version},
      [&](const absl::StatusOr<ClaimOutcome>& outcome) {
        refused = outcome.status();
        answered.count_down();
      });
  one_.Settle();
  one_.streams()->Stop();
  answered.wait();
  EXPECT_TRUE(absl::IsCancelled(refused)) << refused;
}

// Answers at once that the settle time holds, and remembers what it was asked.
class SettlingLink final : public redis::Link {
 public:
  using Link::Call;
  using Link::Run;
  absl::Duration deadline() const override { return absl::Seconds(1); }
  absl::Duration Silence() const override { return absl::ZeroDuration(); }
  void Call(std::string_view, redis::Arguments, Done done, absl::Duration) override {
    done(redis::Reply::Integer(1));
  }
  void Run(std::string_view, redis::Arguments, redis::Arguments arguments, Done done,
           absl::Duration) override {
    // After the four that each script has: is back, written, writes.
    writes_.push_back(std::string(arguments[6]));
    redis::Reply::Array answer;
    answer.push_back(redis::Reply::String("a-history"));
    answer.push_back(redis::Reply::String(settles_ ? "settles" : "settled"));
    answer.push_back(redis::Reply::ArrayOf({}));
    done(redis::Reply::ArrayOf(std::move(answer)));
  }
  void Open(redis::LinkObserver&) override {}
  void Close() override {}
  void Reconnect(absl::Status) override {}

  void EndSettling() { settles_ = false; }
  std::string TakeLast() { return writes_.empty() ? "none" : std::exchange(writes_, {}).back(); }

 private:
  bool settles_ = true;
  std::vector<std::string> writes_;
};

TEST(SettleTimeOfOneTest, AProxyThatIsWritingIsWaitedForAMinute) {
  FakeClock clock;
  SettlingLink link;
  const Logger logger{LogOptions{}};
  redis::ScriptRunner scripts(link, {.proxy = "one:1", .history = "a-history"}, logger);
  std::string written;
  redis::SettleTime time({.link = link,
                          .scripts = scripts,
                          .clock = clock,
                          .proxies = [] { return std::vector<std::string>(); },
                          .written = [&] { return written; }});
  time.Begin();
  EXPECT_EQ(link.TakeLast(), "1");
  clock.Advance(absl::Seconds(59));
  time.Tick();
  EXPECT_EQ(link.TakeLast(), "1");
  clock.Advance(absl::Seconds(1));
  time.Tick();
  EXPECT_EQ(link.TakeLast(), "0") << "it has had its time";
  time.Begin();
  EXPECT_EQ(link.TakeLast(), "1") << "it was lost once more";
  written = "a-history";
  time.Tick();
  EXPECT_EQ(link.TakeLast(), "0") << "all is written";
  link.EndSettling();
  time.Tick();
  EXPECT_FALSE(time.holds());
}

}  // namespace
}  // namespace srsproxy
