// Many proxies that place the same stream at the same time, beside a Go proxy that does so too.
#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/claim_now.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

using ::testing::SizeIs;

class FleetPlacementTest : public testing::Test {
 protected:
  static constexpr int kProxies = 8;
  static constexpr int kOfEach = 8;  // First requests at each proxy.
  using Answer = std::future<absl::StatusOr<ClaimOutcome>>;

  FleetPlacementTest() {
    for (int i = 0; i < kProxies; ++i) {
      proxies_.push_back(
          std::make_unique<RedisProxy>(server_, clock_, 1000, absl::StrCat("p", i, ":1")));
    }
  }

  static Answer Claim(RedisProxy& proxy, const StreamKey& key, const std::string& origin,
                      Role role) {
    auto answered = std::make_shared<std::promise<absl::StatusOr<ClaimOutcome>>>();
    auto answer = answered->get_future();
    proxy.streams()->Claim(
        {.key = key, .origin_id = origin, .role = role, .other_vhost_origin = ""},
        [answered](absl::StatusOr<ClaimOutcome> outcome) {
          answered->set_value(std::move(outcome));
        });
    return answer;
  }
  // All at once; each proxy would choose an origin of its own.
  std::vector<ClaimOutcome> ClaimEverywhere(const StreamKey& key) {
    std::latch begins(kProxies);
    std::vector<std::vector<Answer>> answers(kProxies);
    std::vector<std::thread> threads;
    for (int i = 0; i < kProxies; ++i) {
      threads.emplace_back([&, i] {
        begins.arrive_and_wait();
        for (int n = 0; n < kOfEach; ++n) {
          answers[i].push_back(Claim(*proxies_[i], key, absl::StrCat("o", i), Role::kViewer));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::vector<ClaimOutcome> outcomes;
    for (auto& of_one : answers) {
      for (Answer& answer : of_one) outcomes.push_back(answer.get().value());
    }
    return outcomes;
  }
  std::string Get(const std::string& key) {
    const redis::Reply reply = server_.Command({"GET", key});
    return std::string(reply.AsOptionalText().value().value_or(""));
  }
  // Whether all proxies and Redis have the stream on one origin.
  bool Agree(const StreamKey& key) {
    std::set<std::string> seen = {Get("srs-proxy-url:" + key.ToString())};
    for (const auto& proxy : proxies_) {
      const auto found = proxy->streams()->Find(key);
      seen.insert(found.has_value() ? "srs-proxy-server:" + found->origin_id : "");
    }
    return seen.size() == 1 && !seen.begin()->empty();
  }

  Clock clock_;
  RedisServer server_;
  std::vector<std::unique_ptr<RedisProxy>> proxies_;
};

TEST_F(FleetPlacementTest, OfManyFirstRequestsAtOnceOneOriginGetsAll) {
  for (int round = 0; round < 20; ++round) {
    const StreamKey key{"v.com", "live", absl::StrCat("cam", round)};
    std::set<std::string> origins;
    int granted = 0;
    const std::vector<ClaimOutcome> outcomes = ClaimEverywhere(key);  // They hold the mapping.
    for (const ClaimOutcome& outcome : outcomes) {
      origins.insert(outcome.mapping.origin_id);
      granted += outcome.granted ? 1 : 0;
    }
    EXPECT_THAT(origins, SizeIs(1));
    EXPECT_GE(granted, 1);
    EXPECT_EQ(Get("srs-proxy-url:" + key.ToString()), "srs-proxy-server:" + *origins.begin());
  }
}

// The Go proxy looks, and writes when it saw nothing: what came in between is overwritten.
TEST_F(FleetPlacementTest, AGoProxyThatPlacesTheSameStreamsIsAgreedWith) {
  constexpr int kStreams = 20;
  std::vector<StreamKey> keys;
  for (int i = 0; i < kStreams; ++i) keys.push_back({"v.com", "live", absl::StrCat("go", i)});
  std::atomic<int> seen_nothing = 0;
  std::vector<std::vector<ClaimOutcome>> sessions;
  for (const StreamKey& key : keys) {
    const std::string name = "srs-proxy-url:" + key.ToString();
    std::thread go([&] {
      if (!Get(name).empty()) return;
      ++seen_nothing;
      server_.Command({"SET", name, "srs-proxy-server:go"});
    });
    sessions.push_back(ClaimEverywhere(key));
    go.join();
    // Media flows for the viewers of one proxy.
    MarkLiveNow(*sessions.back().front().hold).IgnoreError();
  }
  for (const StreamKey& key : keys) {
    WaitUntil([&] { return Agree(key); }, "all agree about " + key.ToString());
  }
  RecordProperty("overwritten", seen_nothing);
}

TEST_F(FleetPlacementTest, AGoProxyTakesNoStreamFromALivePublisher) {
  const StreamKey key{"v.com", "live", "cam"};
  auto publisher = Claim(*proxies_[0], key, "ours", Role::kPublisher).get().value();
  ASSERT_TRUE(MarkLiveNow(*publisher.hold).ok());
  // Its GET came before.
  server_.Command({"SET", "srs-proxy-url:" + key.ToString(), "srs-proxy-server:go"});
  for (auto& proxy : proxies_) {
    EXPECT_EQ(Claim(*proxy, key, "other", Role::kViewer).get().value().mapping.origin_id, "ours");
  }
  proxies_[1]->streams()->Recheck(key);
  WaitUntil([&] { return Get("srs-proxy-url:" + key.ToString()) == "srs-proxy-server:ours"; },
            "it is written back");
  WaitUntil([&] { return Agree(key); }, "all agree");
}

}  // namespace
}  // namespace srsproxy
