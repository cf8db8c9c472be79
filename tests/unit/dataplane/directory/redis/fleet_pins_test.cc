// Pins of proxies that share a Redis, which loses them.
#include <array>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/cuttable_proxy.h"

namespace srsproxy {
namespace {

struct Proxy : CuttableProxy {
  using CuttableProxy::CuttableProxy;

  std::string PinOf(const StreamKey& key) { return streams().PinnedServer(key).value_or("(none)"); }
};

class FleetPinsTest : public testing::Test {
 protected:
  absl::Status Pin(Proxy& proxy, const std::string& server) {
    std::promise<absl::Status> answered;
    auto done = [&](const absl::StatusOr<StreamPin>& pin) { answered.set_value(pin.status()); };
    if (server.empty()) {
      proxy.streams().Unpin(key_, std::move(done));
    } else {
      proxy.streams().Pin({key_, server}, std::move(done));
    }
    return answered.get_future().get();
  }
  // Both know it.
  void PinEverywhere(const std::string& server) {
    ASSERT_TRUE(Pin(one_, server).ok());
    WaitUntil([&] { return two_.PinOf(key_) == server; }, "both know it");
  }
  std::string PinInRedis() {
    const redis::Reply reply = server_.Command({"HGET", "srs-proxy-x-pins", "v.com/live/cam"});
    const std::string value(reply.AsOptionalText().value().value_or("(none)"));
    return value.substr(value.find(' ') + 1);
  }
  bool IsMarkedUnpinned() {
    const redis::Reply reply = server_.Command({"EXISTS", "srs-proxy-x-unpinned:v.com/live/cam"});
    return reply.AsInteger().value() == 1;
  }
  void CutBoth() {
    for (Proxy* proxy : {&one_, &two_}) proxy->Cut();
  }
  // Redis and all proxies come to `server`, and stay with it.
  void WaitForPin(const std::string& server) {
    WaitUntil(
        [&] {
          return PinInRedis() == server && one_.PinOf(key_) == server && two_.PinOf(key_) == server;
        },
        server);
  }

  const StreamKey key_{"v.com", "live", "cam"};
  Clock clock_;
  RedisServer server_;
  Proxy one_{server_, clock_, "one:1"};
  Proxy two_{server_, clock_, "two:1"};
};

TEST_F(FleetPinsTest, AFlushedRedisIsWrittenAgain) {
  PinEverywhere("server");
  server_.Command({"FLUSHALL"});
  WaitUntil([&] { return PinInRedis() == "server"; }, "it is written again");
  // Who starts now, and knows none, learns it.
  Proxy three{server_, clock_, "three:1"};
  WaitUntil([&] { return three.PinOf(key_) == "server"; }, "a third one knows it");
  WaitForPin("server");
  EXPECT_EQ(one_.streams().ListPins("", 10).pins.size(), 1u);
}

TEST_F(FleetPinsTest, WhoStartsOnAFlushedRedisTakesNothingAway) {
  PinEverywhere("server");
  CutBoth();
  server_.Command({"FLUSHALL"});
  Proxy three{server_, clock_, "three:1"};
  ASSERT_EQ(three.PinOf(key_), "(none)");
  one_.Heal();
  WaitUntil([&] { return three.PinOf(key_) == "server"; }, "the third one knows it");
  two_.Heal();
  WaitForPin("server");
}

TEST_F(FleetPinsTest, WhatIsUnpinnedRightAfterAFlushStaysSo) {
  PinEverywhere("server");
  two_.Cut();
  server_.Command({"FLUSHALL"});
  // Whether the copy was written again by then or not.
  EXPECT_TRUE(Pin(one_, "").ok());
  two_.Heal();
  WaitForPin("(none)");
  EXPECT_TRUE(IsMarkedUnpinned());
  EXPECT_TRUE(absl::IsNotFound(Pin(one_, "")));
}

// The parameter: who is back first.
class FleetPinsOrderTest : public FleetPinsTest, public testing::WithParamInterface<bool> {
 protected:
  void HealBoth() {
    std::array<Proxy*, 2> order = {&one_, &two_};
    if (!GetParam()) std::swap(order[0], order[1]);
    order[0]->Heal();
    const std::string known = order[0]->PinOf(key_);
    WaitUntil([&] { return known == "(none)" ? IsMarkedUnpinned() : PinInRedis() == known; },
              "its copy is written");
    order[1]->Heal();
  }
};
INSTANTIATE_TEST_SUITE_P(Orders, FleetPinsOrderTest, testing::Bool());

TEST_P(FleetPinsOrderTest, WhatWasUnpinnedRightBeforeAFlushStaysSo) {
  PinEverywhere("server");
  two_.Cut();
  EXPECT_TRUE(Pin(one_, "").ok());
  one_.Cut();
  server_.Command({"FLUSHALL"});
  ASSERT_EQ(two_.PinOf(key_), "server") << "it has not heard of it";
  HealBoth();
  WaitForPin("(none)");
  EXPECT_TRUE(IsMarkedUnpinned());
}

TEST_P(FleetPinsOrderTest, OfTwoCopiesTheOlderLoses) {
  PinEverywhere("server");
  two_.Cut();
  EXPECT_TRUE(Pin(one_, "later").ok());
  one_.Cut();
  server_.Command({"FLUSHALL"});
  HealBoth();
  WaitForPin("later");
}

// Not lost: it was unpinned while a proxy was cut off.
TEST_F(FleetPinsTest, WhatWasUnpinnedMeanwhileIsForgotten) {
  PinEverywhere("server");
  two_.Cut();
  EXPECT_TRUE(Pin(one_, "").ok());
  // Its time is over.
  server_.Command({"DEL", "srs-proxy-x-unpinned:v.com/live/cam"});
  // What it missed cannot be read any more.
  server_.Command({"DEL", "srs-proxy-x-feed"});
  server_.Command({"HINCRBY", "srs-proxy-x-history", "fed", "1"});
  two_.Heal();
  WaitForPin("(none)");
}

}  // namespace
}  // namespace srsproxy
