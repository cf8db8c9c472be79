// A proxy whose connections to Redis are cut: for a moment, which loses nothing, or for longer.
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fault_relay.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

// Longer than a loaded machine needs to connect anew.
constexpr absl::Duration kPatience = absl::Minutes(1);

using Answer = std::future<absl::StatusOr<ClaimOutcome>>;

Answer Claim(RedisProxy& proxy, ClaimRequest request) {
  auto answered = std::make_shared<std::promise<absl::StatusOr<ClaimOutcome>>>();
  Answer answer = answered->get_future();
  proxy.streams()->Claim(std::move(request), [answered](absl::StatusOr<ClaimOutcome> outcome) {
    answered->set_value(std::move(outcome));
  });
  return answer;
}

std::future<absl::Status> MarkLive(StreamHold& hold) {
  auto answered = std::make_shared<std::promise<absl::Status>>();
  auto answer = answered->get_future();
  hold.MarkLive([answered](absl::Status status) { answered->set_value(std::move(status)); });
  return answer;
}

template <typename T>
bool IsAnswered(const std::future<T>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// Redis gives even versions, a proxy that decides by itself odd ones.
bool IsPlacedAlone(const StreamMapping& mapping) { return mapping.version % 2 == 1; }

TEST(FleetMomentaryCutTest, FirstRequestsGoThroughRedis) {
  constexpr size_t kClients = 3;
  constexpr int kCuts = 6;
  struct Client {
    std::vector<ClaimOutcome> outcomes;
    std::thread thread;
  };
  const Clock clock;
  RedisServer server;
  FaultRelay way(server.port(), 1, {.faulty = false});
  RedisProxy proxy(server, clock, 100'000, "one:1", way.port(), kPatience);
  std::atomic<bool> enough = false;
  std::vector<Client> clients(kClients);
  for (size_t i = 0; i < kClients; ++i) {
    clients[i].thread = std::thread([&, i] {
      for (int n = 0; !enough; ++n) {
        auto outcome = Claim(proxy, {.key = {"v.com", "live", absl::StrCat(i, "-", n)},
                                     .origin_id = absl::StrCat("o", i),
                                     .role = Role::kPublisher})
                           .get();
        ASSERT_TRUE(outcome.ok()) << outcome.status();
        EXPECT_TRUE(MarkLive(*outcome->hold).get().ok());
        clients[i].outcomes.push_back(*std::move(outcome));
      }
    });
  }
  for (int cut = 1; cut <= kCuts; ++cut) {
    way.ResetAll();
    WaitUntil([&] { return proxy.connections() > cut; }, "it has connected anew");
    WaitUntil([&] { return proxy.streams()->is_usable(); }, "Redis is used again");
  }
  enough = true;
  for (Client& client : clients) client.thread.join();
  proxy.Settle();
  // One that comes now knows what Redis has.
  RedisProxy late(server, clock, 100'000, "late:1");
  for (const Client& client : clients) {
    EXPECT_FALSE(client.outcomes.empty());
    for (const ClaimOutcome& outcome : client.outcomes) {
      EXPECT_FALSE(IsPlacedAlone(outcome.mapping));
      const auto known = late.streams()->Find(outcome.mapping.key);
      ASSERT_TRUE(known.has_value()) << outcome.mapping.key.ToString();
      EXPECT_EQ(known->origin_id, outcome.mapping.origin_id);
      EXPECT_EQ(known->version, outcome.mapping.version);
      EXPECT_TRUE(known->publisher_live);
    }
  }
}

// Its patience ends when the test says so.
class FleetCutTest : public testing::Test {
 protected:
  ClaimRequest New(const std::string& stream, Role role = Role::kPublisher) {
    return {.key = {"v.com", "live", stream}, .origin_id = "a", .role = role};
  }
  ClaimOutcome Publish(const std::string& stream) {
    auto outcome = Claim(proxy_, New(stream)).get().value();
    EXPECT_TRUE(MarkLive(*outcome.hold).get().ok());
    return outcome;
  }
  void Cut() {
    way_.SetCut(true);
    WaitUntil([&] { return !proxy_.streams()->is_usable(); }, "it is noticed");
  }
  void EndPatience() { clock_.Advance(kPatience); }

  FakeClock clock_;
  RedisServer server_;
  FaultRelay way_{server_.port(), 1, {.faulty = false}};
  RedisProxy proxy_{server_, clock_, 1000, "one:1", way_.port(), kPatience};
};

TEST_F(FleetCutTest, WhoWaitsIsServedThroughRedisWhenItIsBack) {
  auto publisher = Claim(proxy_, New("published")).get().value();
  Cut();
  Answer claim = Claim(proxy_, New("new"));
  auto accepted = MarkLive(*publisher.hold);
  EXPECT_FALSE(IsAnswered(claim));
  EXPECT_FALSE(IsAnswered(accepted));
  EXPECT_NE(proxy_.streams()->state(), StoreState::kGone);
  way_.SetCut(false);
  EXPECT_FALSE(IsPlacedAlone(claim.get().value().mapping));
  EXPECT_TRUE(accepted.get().ok());
  proxy_.Settle();
  const redis::Reply live =
      server_.Command({"HGET", "srs-proxy-x-url:v.com/live/published", "live"});
  EXPECT_EQ(live.AsInteger().value(), 1);
}

TEST_F(FleetCutTest, AProxyThatStaysCutOffDecidesByItself) {
  auto publisher = Claim(proxy_, New("published")).get().value();
  Cut();
  Answer claim = Claim(proxy_, New("new"));
  auto accepted = MarkLive(*publisher.hold);
  EXPECT_FALSE(IsAnswered(claim));
  EndPatience();
  EXPECT_EQ(proxy_.streams()->state(), StoreState::kGone);
  // Its origin was not chosen by the rule for that: who asks again chooses by it.
  EXPECT_TRUE(absl::IsUnavailable(claim.get().status()));
  EXPECT_TRUE(accepted.get().ok());
  Answer again = Claim(proxy_, New("new"));
  ASSERT_TRUE(IsAnswered(again)) << "nobody waits any more";
  EXPECT_TRUE(IsPlacedAlone(again.get().value().mapping));
}

TEST_F(FleetCutTest, AViewerOfAStreamThatIsKnownWaitsForNothing) {
  const auto publisher = Publish("flows");
  const auto first = Claim(proxy_, New("provisional", Role::kViewer)).get().value();
  Cut();
  for (const char* stream : {"flows", "provisional"}) {
    Answer viewer = Claim(proxy_, New(stream, Role::kViewer));
    ASSERT_TRUE(IsAnswered(viewer)) << stream;
    EXPECT_TRUE(viewer.get().ok()) << stream;
  }
}

TEST_F(FleetCutTest, WhoWaitsIsAnsweredWhenTheProxyStops) {
  auto publisher = Claim(proxy_, New("published")).get().value();
  Cut();
  Answer claim = Claim(proxy_, New("new"));
  auto accepted = MarkLive(*publisher.hold);
  proxy_.streams()->Stop();
  EXPECT_TRUE(absl::IsCancelled(claim.get().status()));
  EXPECT_TRUE(absl::IsCancelled(accepted.get()));
  EXPECT_TRUE(absl::IsCancelled(Claim(proxy_, New("late")).get().status()));
}

TEST_F(FleetCutTest, WhoLeavesMeanwhileIsNotAskedFor) {
  auto publisher = Claim(proxy_, New("published")).get().value();
  Cut();
  auto accepted = MarkLive(*publisher.hold);
  publisher.hold.reset();
  way_.SetCut(false);
  EXPECT_TRUE(accepted.get().ok());
  proxy_.Settle();
  const redis::Reply used =
      server_.Command({"HGET", "srs-proxy-x-url:v.com/live/published", "used"});
  EXPECT_NE(used.AsOptionalText().value().value_or("0"), "1");
}

// Redis answers, and refuses: no reason to wait.
TEST_F(FleetCutTest, ARedisThatIsFullIsNotWaitedFor) {
  server_.Command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(absl::IsUnavailable(Claim(proxy_, New("new")).get().status()));
  EXPECT_EQ(proxy_.streams()->state(), StoreState::kGone);
}

}  // namespace
}  // namespace srsproxy
