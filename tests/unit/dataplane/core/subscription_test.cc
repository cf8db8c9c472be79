#include "dataplane/core/subscription.h"

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using Callback = std::function<void(int)>;

void Call(const Subscribers<Callback>& subscribers, int value) {
  subscribers.ForEach([value](Callback& callback) { callback(value); });
}

TEST(SubscriptionTest, SubscribersAreCalledInTheOrderInWhichTheyCame) {
  Subscribers<Callback> subscribers;
  std::string calls;
  const auto first = subscribers.Add([&](int value) { calls += "a" + std::to_string(value); });
  const auto second = subscribers.Add([&](int value) { calls += "b" + std::to_string(value); });
  Call(subscribers, 1);
  Call(subscribers, 2);
  EXPECT_EQ(calls, "a1b1a2b2");
}

TEST(SubscriptionTest, NobodyIsCalledAfterItsEnd) {
  Subscribers<Callback> subscribers;
  int calls = 0;
  auto subscription = subscribers.Add([&](int) { ++calls; });
  Subscription moved = std::move(subscription);
  Call(subscribers, 0);
  EXPECT_EQ(calls, 1);
  moved = {};
  Call(subscribers, 0);
  EXPECT_EQ(calls, 1);
}

TEST(SubscriptionTest, ANewOneTakesThePlaceOfTheFormer) {
  Subscribers<Callback> subscribers;
  std::string calls;
  auto subscription = subscribers.Add([&](int) { calls += "a"; });
  subscription = subscribers.Add([&](int) { calls += "b"; });
  Call(subscribers, 0);
  EXPECT_EQ(calls, "b");
}

TEST(SubscriptionTest, WhatTheCallbackOwnsGoesWithIt) {
  Subscribers<Callback> subscribers;
  const auto owned = std::make_shared<int>();
  auto subscription = subscribers.Add([owned](int) {});
  EXPECT_EQ(owned.use_count(), 2);
  subscription = {};
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(SubscriptionTest, MayOutliveWhatItIsSubscribedTo) {
  Subscription subscription;
  {
    Subscribers<Callback> subscribers;
    subscription = subscribers.Add([](int) {});
  }
}

TEST(SubscriptionTest, InterfacesMayBeSubscribersToo) {
  struct Sum {
    int value = 0;
  } sum;
  Subscribers<Sum*> subscribers;
  const auto subscription = subscribers.Add(&sum);
  subscribers.ForEach([](Sum* to) { to->value += 3; });
  EXPECT_EQ(sum.value, 3);
}

TEST(SubscriptionTest, ItsEndWaitsForTheCallThatRuns) {
  Subscribers<Callback> subscribers;
  std::latch running(1);
  std::latch go_on(1);
  std::atomic<bool> returned = false;
  auto subscription = subscribers.Add([&](int) {
    running.count_down();
    go_on.wait();
    returned = true;
  });
  const std::jthread caller([&] { Call(subscribers, 0); });
  running.wait();
  const std::jthread releaser([&] { go_on.count_down(); });
  subscription = {};
  EXPECT_TRUE(returned);
}

TEST(SubscriptionTest, ComeAndGoWhileOthersAreCalled) {
  constexpr int kRounds = 500;
  Subscribers<Callback> subscribers;
  std::atomic<int> stays_called = 0;
  const auto stays = subscribers.Add([&](int) { ++stays_called; });
  {
    const auto call = [&] {
      for (int i = 0; i < kRounds; ++i) Call(subscribers, i);
    };
    const auto come_and_go = [&] {
      for (int i = 0; i < kRounds; ++i) {
        bool alive = true;
        const auto brief = subscribers.Add([&alive](int) { EXPECT_TRUE(alive); });
      }
    };
    const std::jthread threads[] = {std::jthread(call), std::jthread(call),
                                    std::jthread(come_and_go), std::jthread(come_and_go)};
  }
  EXPECT_EQ(stays_called, 2 * kRounds);
}

}  // namespace
}  // namespace srsproxy
