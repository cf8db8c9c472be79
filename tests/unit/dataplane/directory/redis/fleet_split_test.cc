// Two proxies that were cut off from Redis place the same stream on two origins: how they come
// together again, whoever is back first.
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/claim_now.h"
#include "tests/support/cuttable_proxy.h"
#include "tests/support/departures.h"

namespace srsproxy {
namespace {

using testing::Contains;
using testing::Not;

constexpr char kMapping[] = "srs-proxy-url:v.com/live/cam";

struct Proxy : CuttableProxy {
  using CuttableProxy::CuttableProxy;

  Departures departures;
  const Subscription subscription = streams().Subscribe(departures);
};

class Publisher {
 public:
  void Accept(std::unique_ptr<StreamHold> hold) {
    hold_ = std::move(hold);
    hold_->WhenLost([this](const absl::Status& why) { Lose(why); });
    const absl::Status accepted = MarkLiveNow(*hold_);
    EXPECT_TRUE(accepted.ok()) << accepted;
  }
  absl::Status lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

 private:
  void Lose(const absl::Status& why) {
    const std::lock_guard lock(mutex_);
    lost_ = why;
  }

  std::mutex mutex_;
  absl::Status lost_;
  std::unique_ptr<StreamHold> hold_;
};

// The parameter: whether the first proxy is back first, and whether Redis has lost everything.
class FleetSplitTest : public testing::TestWithParam<std::tuple<bool, bool>> {
 protected:
  std::unique_ptr<StreamHold> Claim(Proxy& proxy, const std::string& origin, Role role,
                                    uint64_t replaces = 0) {
    auto outcome =
        ClaimNow(*proxy.redis.streams(),
                 {.key = key_, .origin_id = origin, .role = role, .replaces_version = replaces});
    if (!outcome.ok()) {
      ADD_FAILURE() << outcome.status();
      return nullptr;
    }
    EXPECT_EQ(outcome->mapping.origin_id, origin);
    return std::move(outcome->hold);
  }
  void Publish(Publisher& publisher, Proxy& proxy, const std::string& origin,
               uint64_t replaces = 0) {
    publisher.Accept(Claim(proxy, origin, Role::kPublisher, replaces));
  }
  std::string Mapping() {
    const redis::Reply reply = server_.Command({"GET", kMapping});
    return std::string(reply.AsOptionalText().value().value_or("(none)"));
  }
  void HealBoth() {
    const auto [one_first, flushed] = GetParam();
    if (flushed) server_.Command({"FLUSHALL"});
    for (Proxy* proxy : one_first ? std::vector{&one_, &two_} : std::vector{&two_, &one_}) {
      proxy->Heal();
      proxy->redis.Settle();
    }
  }
  static std::string At(Proxy& proxy, const StreamKey& key) {
    const auto mapping = proxy.redis.streams()->Find(key);
    return mapping.has_value() ? mapping->origin_id : "(none)";
  }
  // Both come to that the stream is on `origin`.
  void WaitTogether(const std::string& origin) {
    WaitUntil([&] { return Mapping() == "srs-proxy-server:" + origin; }, "Redis has it there");
    for (Proxy* proxy : {&one_, &two_}) {
      WaitUntil([&] { return At(*proxy, key_) == origin; }, "all have it there");
    }
    // And nothing comes after.
    for (int i = 0; i < 2; ++i) {
      for (Proxy* proxy : {&one_, &two_}) proxy->redis.Settle();
    }
    EXPECT_EQ(Mapping(), "srs-proxy-server:" + origin);
    for (Proxy* proxy : {&one_, &two_}) EXPECT_EQ(At(*proxy, key_), origin);
  }

  // Viewers of the one wait on "a", of the other on "b": all are where it is published.
  void ExpectTogetherWhenPublished() {
    const std::string origin = Mapping().substr(sizeof("srs-proxy-server:") - 1);
    Publisher publisher;
    Publish(publisher, origin == "a" ? one_ : two_, origin);
    WaitTogether(origin);
    Proxy& apart = origin == "a" ? two_ : one_;
    const std::string follows = origin == "a" ? "b>a" : "a>b";
    WaitUntil([&] { return apart.departures.Has(follows); }, "viewers follow");
    for (Proxy* proxy : {&one_, &two_}) EXPECT_EQ(proxy->departures.seen().size(), proxy == &apart);
    EXPECT_TRUE(publisher.lost().ok()) << publisher.lost();
  }

  const StreamKey key_{"v.com", "live", "cam"};
  Clock clock_;
  RedisServer server_;
  Proxy one_{server_, clock_, "one:1"};
  Proxy two_{server_, clock_, "two:1"};
};

INSTANTIATE_TEST_SUITE_P(Orders, FleetSplitTest,
                         testing::Combine(testing::Bool(), testing::Bool()));

TEST_P(FleetSplitTest, OfTwoNewPublishersTheEarlierStays) {
  one_.Cut();
  two_.Cut();
  Publisher first;
  Publish(first, one_, "b");
  // Times in records are in milliseconds.
  const absl::Time then = clock_.WallNow();
  WaitUntil([&] { return clock_.WallNow() > then + absl::Milliseconds(5); }, "it is later");
  Publisher second;
  Publish(second, two_, "a");
  const auto viewer_there = Claim(one_, "b", Role::kViewer);
  const auto viewer_apart = Claim(two_, "a", Role::kViewer);
  HealBoth();
  WaitUntil([&] { return !second.lost().ok(); }, "the later one is lost");
  EXPECT_TRUE(absl::IsAborted(second.lost())) << second.lost();
  WaitTogether("b");
  EXPECT_TRUE(first.lost().ok()) << first.lost();
  EXPECT_THAT(two_.departures.seen(), Contains("a>b")) << "its viewers are strays";
  EXPECT_THAT(one_.redis.streams()->Find(key_)->publisher_live, true);
}

TEST_P(FleetSplitTest, AStreamThatWasPlacedAnewStaysWhereItIsPublished) {
  Publisher first;
  Publish(first, one_, "a");
  const auto viewer = Claim(one_, "a", Role::kViewer);
  for (Proxy* proxy : {&one_, &two_}) proxy->redis.Settle();
  WaitUntil([&] { return At(two_, key_) == "a"; }, "all know it");
  one_.Cut();
  two_.Cut();
  Publisher second;  // Its proxy does not reach the other origin.
  Publish(second, two_, "b", two_.redis.streams()->Find(key_)->version);
  HealBoth();
  WaitUntil([&] { return !first.lost().ok(); }, "the former one is lost");
  WaitTogether("b");
  EXPECT_TRUE(second.lost().ok()) << second.lost();
  EXPECT_THAT(one_.departures.seen(), Contains("a>b"));
}

TEST_P(FleetSplitTest, ViewersFollowTheLivePublisher) {
  one_.Cut();
  two_.Cut();
  const auto viewer = Claim(one_, "a", Role::kViewer);
  Publisher publisher;
  Publish(publisher, two_, "b");
  HealBoth();
  WaitTogether("b");
  EXPECT_TRUE(publisher.lost().ok());
  EXPECT_THAT(one_.departures.seen(), Contains("a>b"));
  EXPECT_THAT(two_.departures.seen(), Not(Contains("b>a")));
  EXPECT_FALSE(one_.redis.streams()->Find(key_)->provisional);
}

// Of waiting viewers the feed says nothing.
TEST_P(FleetSplitTest, WaitingViewersComeTogether) {
  one_.Cut();
  two_.Cut();
  const auto viewer = Claim(one_, "a", Role::kViewer);
  const auto viewer_apart = Claim(two_, "b", Role::kViewer);
  HealBoth();
  ExpectTogetherWhenPublished();
}

TEST_P(FleetSplitTest, WaitingViewersOfBeforeComeTogetherWithNewOnes) {
  const auto viewer = Claim(one_, "a", Role::kViewer);
  one_.redis.Settle();
  one_.Cut();
  two_.Cut();
  const auto viewer_apart = Claim(two_, "b", Role::kViewer);
  HealBoth();
  ExpectTogetherWhenPublished();
}

}  // namespace
}  // namespace srsproxy
