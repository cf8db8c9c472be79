#include "dataplane/core/live_config.h"

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config WithId(std::string id) {
  Config config;
  config.id = std::move(id);
  return config;
}

TEST(LiveConfigTest, WhoHoldsTheFormerSettingsKeepsThem) {
  LiveConfig live(WithId("a"));
  const auto former = live.Get();
  live.Set(WithId("b"));
  EXPECT_EQ(former->id, "a");
  EXPECT_EQ(live.Get()->id, "b");
}

TEST(LiveConfigTest, SubscribersAreCalledAfterTheChange) {
  LiveConfig live(WithId("a"));
  std::vector<std::string> calls;
  const Subscription subscription = live.Subscribe([&](const Config& before, const Config& now) {
    calls.push_back(absl::StrCat(before.id, now.id, live.Get()->id));
  });
  EXPECT_THAT(calls, IsEmpty());
  live.Set(WithId("b"));
  live.Set(WithId("c"));
  EXPECT_THAT(calls, ElementsAre("abb", "bcc"));
}

TEST(LiveConfigTest, NobodyIsCalledAfterItsSubscription) {
  LiveConfig live(WithId("a"));
  int first = 0;
  int second = 0;
  const Subscription stays = live.Subscribe([&](const Config&, const Config&) { ++first; });
  {
    const Subscription ends = live.Subscribe([&](const Config&, const Config&) { ++second; });
    live.Set(WithId("b"));
  }
  live.Set(WithId("c"));
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
}

TEST(LiveConfigTest, ReadersNeverSeeHalfAChange) {
  constexpr int kThreads = 4;
  constexpr int kChanges = 200;
  const auto make = [](int number) {
    Config config = WithId(std::to_string(number));
    config.state_dir = config.id;
    return config;
  };
  LiveConfig live(make(0));
  int calls = 0;  // The callbacks of one subscription never overlap.
  const Subscription subscription = live.Subscribe([&](const Config&, const Config&) { ++calls; });
  std::latch start(2 * kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int change = 0; change < kChanges; ++change) live.Set(make(change));
    });
    threads.emplace_back([&] {
      start.arrive_and_wait();
      for (int read = 0; read < kChanges; ++read) {
        const auto config = live.Get();
        EXPECT_EQ(config->id, config->state_dir);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, kThreads * kChanges);
}

}  // namespace
}  // namespace srsproxy
