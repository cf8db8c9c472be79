#include "dataplane/balance/sticky_balancer.h"

#include <future>
#include <latch>
#include <map>
#include <set>
#include <thread>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/change_overrides.h"
#include "tests/support/delayed_streams.h"
#include "tests/support/fake_clock.h"
#include "tests/support/held_claims.h"
#include "tests/support/hooked_streams.h"

namespace srsproxy {
namespace {

using testing::HasSubstr;

constexpr size_t kCap = 1000;

class StickyBalancerTest : public testing::Test {
 protected:
  static OriginRegistration Srs(const std::string& server, const std::string& ip,
                                const std::string& pid = "1") {
    OriginRegistration registration;
    registration.ip = ip;
    registration.server = server;
    registration.service = "svc";
    registration.pid = pid;
    registration.rtmp = {{Transport::kTcp, "0.0.0.0", 1935}};
    registration.srt = {{Transport::kUdp, "10.9.9.9", 10080}};
    return registration;
  }
  OriginLease Register(const std::string& server, const std::string& ip,
                       const std::string& pid = "1") {
    return origins_.Register(Srs(server, ip, pid), "10.0.0.1").value();
  }
  absl::StatusOr<Placement> TryPick(PickRequest request) {
    std::optional<absl::StatusOr<Placement>> answer;
    balancer_.Pick(std::move(request),
                   [&](absl::StatusOr<Placement> placement) { answer = std::move(placement); });
    return *std::move(answer);
  }
  Placement Pick(const StreamKey& key, Role role = Role::kViewer,
                 std::vector<std::string> excluded = {}) {
    return TryPick({key, Protocol::kRtmp, role, std::move(excluded)}).value();
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginRegistry origins_{clock_, store_};
  std::shared_ptr<MemoryStreamDirectory> streams_ =
      std::make_shared<MemoryStreamDirectory>(clock_, kCap);
  StreamCounts counts_;
  Subscription counted_streams_ = streams_->Subscribe(counts_);
  StickyBalancer balancer_{origins_, streams_, counts_, {}, /*seed=*/1};
  const StreamKey key_{"example.com", "live", "cam"};
};

TEST_F(StickyBalancerTest, ReportsWhenThereIsNoOrigin) {
  const auto refused = TryPick({key_, Protocol::kRtmp, Role::kViewer, {}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MessageOf(refused.status()), "no origin is registered with this proxy");
  EXPECT_EQ(SideOf(refused.status()), Side::kProxy);
  EXPECT_EQ(streams_->size(), 0u);
}

TEST_F(StickyBalancerTest, GivesTheAddressToDial) {
  Register("a", "10.0.0.1");
  const Placement rtmp = Pick(key_);
  EXPECT_EQ(rtmp.endpoint, (Endpoint{Transport::kTcp, "10.0.0.1", 1935}));
  EXPECT_EQ(rtmp.reason, PickReason::kClaimed);
  ASSERT_NE(rtmp.lease, nullptr);
  const Placement srt = TryPick({key_, Protocol::kSrt, Role::kViewer, {}}).value();
  EXPECT_EQ(srt.endpoint, (Endpoint{Transport::kUdp, "10.9.9.9", 10080}));
  EXPECT_EQ(srt.reason, PickReason::kMapped);
}

TEST_F(StickyBalancerTest, EveryClientOfAStreamReachesOneOrigin) {
  for (int i = 1; i <= 5; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  const Placement publisher = Pick(key_, Role::kPublisher);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Pick(key_).origin->id, publisher.origin->id);
}

TEST_F(StickyBalancerTest, StreamsSpreadByWeight) {
  for (int i = 1; i <= 3; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  ASSERT_TRUE(UpdateOverrides(origins_, "o1", [](OriginOverrides& overrides) {
                overrides.weight = 2;
              }).ok());
  std::map<std::string, int> streams_of;
  std::vector<Placement> placements;
  for (int i = 0; i < 800; ++i) {
    placements.push_back(Pick({"v.com", "live", std::to_string(i)}));
    ++streams_of[placements.back().origin->id];
  }
  EXPECT_NEAR(streams_of["o1-svc-1"], 400, 60);
  EXPECT_NEAR(streams_of["o2-svc-1"], 200, 50);
  EXPECT_NEAR(streams_of["o3-svc-1"], 200, 50);
}

TEST_F(StickyBalancerTest, ViewersClaimIsProvisional) {
  Register("a", "10.0.0.1");
  {
    const Placement viewer = Pick(key_);
    EXPECT_TRUE(streams_->Find(key_)->provisional);
    viewer.lease->MarkLive();
    EXPECT_FALSE(streams_->Find(key_)->provisional);
  }
  EXPECT_EQ(streams_->size(), 0u);
}

TEST_F(StickyBalancerTest, RefusalEndsTheHoldAtOnce) {
  Register("a", "10.0.0.1");
  const Placement scanner = Pick(key_);
  scanner.lease->Refused();
  EXPECT_EQ(streams_->size(), 0u);
  scanner.lease->MarkLive();
  const Placement other = Pick(key_);
  scanner.lease->Refused();
  EXPECT_EQ(streams_->Find(key_)->viewers, 1u) << "it ends only once";
}

TEST_F(StickyBalancerTest, PublishersMappingStays) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  std::string origin;
  {
    const Placement publisher = Pick(key_, Role::kPublisher);
    origin = publisher.origin->id;
    publisher.lease->MarkLive();
    publisher.lease->MarkLive();
    EXPECT_TRUE(streams_->Find(key_)->publisher_live);
  }
  EXPECT_FALSE(streams_->Find(key_)->publisher_live);
  clock_.Advance(absl::Hours(100));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Pick(key_, Role::kPublisher).origin->id, origin);
}

TEST_F(StickyBalancerTest, LeaseMayOutliveTheBalancer) {
  Register("a", "10.0.0.1");
  std::optional<Placement> placement;
  {
    StickyBalancer brief(origins_, streams_, counts_, {}, 1);
    brief.Pick({key_, Protocol::kRtmp, Role::kViewer, {}},
               [&](absl::StatusOr<Placement> picked) { placement = *std::move(picked); });
  }
  placement->lease->MarkLive();
  placement.reset();
  EXPECT_EQ(streams_->size(), 0u);
}

TEST_F(StickyBalancerTest, StreamFollowsItsRestartedOrigin) {
  Register("a", "10.0.0.1", "1");
  Pick(key_, Role::kPublisher).lease->MarkLive();
  for (int i = 2; i <= 6; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  Register("a", "10.0.0.1", "2");
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-2");
  EXPECT_EQ(streams_->Find(key_)->origin_id, "a-svc-2");
}

// As proxies that share a store may find it: of a restart while Redis was away.
TEST_F(StickyBalancerTest, StreamFollowsAServerWhoseFormerIdIsUnknownHere) {
  HeldClaims others(*streams_);
  others.Publish(key_, "a-svc-1");
  for (int i = 2; i <= 6; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  Register("a", "10.0.0.1", "2");
  const Placement viewer = Pick(key_);
  EXPECT_EQ(viewer.origin->id, "a-svc-2");
  EXPECT_EQ(viewer.reason, PickReason::kMapped);
  EXPECT_EQ(streams_->Find(key_)->origin_id, "a-svc-2");
  EXPECT_TRUE(streams_->Find(key_)->publisher_live);
}

TEST_F(StickyBalancerTest, StreamLeavesADeadOrigin) {
  Register("a", "10.0.0.1");
  Pick(key_, Role::kPublisher).lease->MarkLive();
  Register("b", "10.0.0.2");
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
  ASSERT_TRUE(origins_.DeregisterOrigin("a-svc-1").ok());
  EXPECT_EQ(Pick(key_).origin->id, "b-svc-1");
}

TEST_F(StickyBalancerTest, ADeregisteredOriginKeepsItsLiveStreamsAndGetsNoOthers) {
  Register("a", "10.0.0.1");
  Placement publisher = Pick(key_, Role::kPublisher);
  publisher.lease->MarkLive();
  Register("b", "10.0.0.2");
  ASSERT_TRUE(origins_.DeregisterOrigin("a-svc-1")->leaving);
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
  EXPECT_EQ(Pick({"v.com", "live", "other"}).origin->id, "b-svc-1");
  publisher.lease.reset();
  EXPECT_EQ(Pick(key_, Role::kPublisher).origin->id, "b-svc-1");
  origins_.Tick();
  EXPECT_EQ(origins_.snapshot()->Find("a-svc-1"), nullptr);
}

// A publisher whose origin has not answered yet would else be accepted by one that nobody knows.
TEST_F(StickyBalancerTest, AClaimAloneKeepsADeregisteredOrigin) {
  Register("a", "10.0.0.1");
  const Placement publisher = Pick(key_, Role::kPublisher);
  Register("b", "10.0.0.2");
  EXPECT_TRUE(origins_.DeregisterOrigin("a-svc-1")->leaving);
  publisher.lease->MarkLive();
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
}

TEST_F(StickyBalancerTest, ViewersWhoseMediaFlowsKeepADeregisteredOrigin) {
  Register("a", "10.0.0.1");
  const Placement viewer = Pick(key_);
  viewer.lease->MarkLive();
  viewer.lease->MediaPassed();
  Register("b", "10.0.0.2");
  EXPECT_TRUE(origins_.DeregisterOrigin("a-svc-1")->leaving);
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
  clock_.Advance(absl::Seconds(10));
  origins_.Tick();
  EXPECT_EQ(Pick(key_).origin->id, "b-svc-1");
}

TEST_F(StickyBalancerTest, TheOnlyOriginServesWhenItIsDead) {
  Register("a", "10.0.0.1");
  Pick(key_, Role::kPublisher).lease->MarkLive();
  clock_.Advance(absl::Seconds(300));
  origins_.Tick();
  ASSERT_EQ(origins_.snapshot()->Find("a-svc-1")->health, OriginHealth::kDead);
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
  EXPECT_EQ(Pick({"v.com", "live", "other"}).origin->id, "a-svc-1");
  EXPECT_THAT(MessageOf(balancer_.ChooseFor(key_, "b").status()), HasSubstr("has lost its lease"))
      << "nothing is moved there";
  Register("b", "10.0.0.2");
  EXPECT_EQ(Pick(key_).origin->id, "b-svc-1");
}

TEST_F(StickyBalancerTest, RepublishGoesElsewhereAfterARefusedConnection) {
  Register("a", "10.0.0.1");
  Pick(key_, Role::kPublisher).lease->MarkLive();
  Register("b", "10.0.0.2");
  balancer_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  const Placement viewer = Pick(key_);
  EXPECT_EQ(viewer.origin->id, "b-svc-1");
  EXPECT_EQ(Pick(key_, Role::kPublisher).origin->id, "b-svc-1");
}

TEST_F(StickyBalancerTest, ViewerStaysWithALivePublisher) {
  Register("a", "10.0.0.1");
  const Placement publisher = Pick(key_, Role::kPublisher);
  publisher.lease->MarkLive();
  Register("b", "10.0.0.2");
  balancer_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  EXPECT_EQ(Pick(key_).origin->id, "a-svc-1");
  const auto refused = TryPick({key_, Protocol::kRtmp, Role::kViewer, {"a-svc-1"}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("is published on origin a-svc-1"));
}

TEST_F(StickyBalancerTest, PublisherTriesAnotherOriginAfterAFailedDial) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  const std::string first = Pick(key_, Role::kPublisher).origin->id;
  const Placement second = Pick(key_, Role::kPublisher, {first});
  EXPECT_NE(second.origin->id, first);
  const auto none = TryPick({key_, Protocol::kRtmp, Role::kPublisher, {"a-svc-1", "b-svc-1"}});
  EXPECT_EQ(none.status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(StickyBalancerTest, PlayAtADomainFindsThePushToAnAddress) {
  for (int i = 1; i <= 8; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  const Placement push = Pick({"__defaultVhost__", "live", "cam"}, Role::kPublisher);
  const Placement play = Pick(key_);
  EXPECT_EQ(play.origin->id, push.origin->id);
  EXPECT_EQ(play.reason, PickReason::kMappedByVhost);
  EXPECT_EQ(Pick(key_).reason, PickReason::kMapped);
}

TEST_F(StickyBalancerTest, CapIsReportedToTheClient) {
  Register("a", "10.0.0.1");
  std::vector<Placement> held;
  for (size_t i = 0; i < kCap; ++i) held.push_back(Pick({"v.com", "live", std::to_string(i)}));
  const auto refused = TryPick({key_, Protocol::kRtmp, Role::kViewer, {}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(MessageOf(refused.status()),
            "all 1000 streams of PROXY_MAX_STREAMS are in use: raise it");
  held.pop_back();
  EXPECT_TRUE(TryPick({key_, Protocol::kRtmp, Role::kViewer, {}}).ok());
}

TEST_F(StickyBalancerTest, ExplainChangesNothing) {
  Register("a", "10.0.0.1");
  const PickRequest request{key_, Protocol::kRtmp, Role::kViewer, {}};
  const PickExplanation before = balancer_.Explain(request);
  EXPECT_EQ(before.origin_id, "a-svc-1");
  EXPECT_EQ(before.reason, PickReason::kClaimed);
  EXPECT_FALSE(before.mapped);
  EXPECT_FALSE(before.steps.empty());
  EXPECT_EQ(streams_->size(), 0u);

  const Placement viewer = Pick(key_);
  const PickExplanation after = balancer_.Explain(request);
  EXPECT_EQ(after.reason, PickReason::kMapped);
  EXPECT_TRUE(after.mapped);
  EXPECT_EQ(streams_->Find(key_)->viewers, 1u);
}

TEST_F(StickyBalancerTest, ExplainShowsWhatANewStreamWaitsForAfterAStart) {
  MemoryOriginStore store;
  OriginRegistry origins(clock_, store, {.start_settle = absl::Seconds(2)});
  StickyBalancer balancer(origins, streams_, counts_, {}, 1);
  const auto explain = [&] {
    return balancer.Explain({key_, Protocol::kRtmp, Role::kPublisher, {}});
  };
  EXPECT_EQ(explain().wait, absl::FromChrono(StartSettle::kLongestWait));
  EXPECT_THAT(explain().steps.back(), HasSubstr("knows no origin"));

  clock_.Advance(absl::Seconds(3));
  ASSERT_TRUE(origins.Register(Srs("a", "10.0.0.1"), "x").ok());
  clock_.Advance(absl::Seconds(0.5));
  EXPECT_EQ(explain().origin_id, "a-svc-1");
  EXPECT_EQ(explain().wait, absl::Seconds(1.5));
  EXPECT_THAT(explain().steps.back(), HasSubstr("PROXY_START_SETTLE, 1.5 s from now"));

  // Who has a place waits for nobody.
  absl::StatusOr<Placement> publisher;
  balancer.Pick({key_, Protocol::kRtmp, Role::kPublisher, {}},
                [&](absl::StatusOr<Placement> placement) { publisher = std::move(placement); });
  ASSERT_TRUE(publisher.ok()) << publisher.status();
  EXPECT_EQ(explain().wait, std::nullopt);
  EXPECT_THAT(explain().steps.back(), testing::Not(HasSubstr("PROXY_START_SETTLE")));
}

TEST_F(StickyBalancerTest, NobodyWaitsLongAfterAStart) {
  MemoryOriginStore store;
  OriginRegistry origins(clock_, store, {.start_settle = absl::Seconds(10)});
  StickyBalancer balancer(origins, streams_, counts_, {}, 1);
  clock_.Advance(absl::Seconds(11));
  ASSERT_TRUE(origins.Register(Srs("a", "10.0.0.1"), "x").ok());
  const auto explain = [&] { return balancer.Explain({key_, Protocol::kRtmp, Role::kViewer, {}}); };
  EXPECT_EQ(explain().wait, absl::Seconds(10)) << "a client that has come in time waits";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(explain().wait, std::nullopt);
}

TEST_F(StickyBalancerTest, SettingsHoldForWhatIsPlacedFromThenOn) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  const Placement before = Pick({"v.com", "live", "old"});
  EXPECT_EQ(before.strategy, "random");
  PlacementOptions options;
  options.strategy = LoadBalancerStrategy::kLeastStreams;
  const bool on_a = before.origin->registration.server == "a";
  const std::string other = on_a ? "b" : "a";
  options.rules = {PlacementRule::Parse("v.com/live -> server=" + other).value()};
  balancer_.Configure(options);
  EXPECT_EQ(balancer_.options(), options);
  EXPECT_EQ(Pick({"v.com", "live", "old"}).origin->id, before.origin->id) << "it is mapped";
  const Placement after = Pick({"v.com", "live", "new"});
  EXPECT_EQ(after.strategy, "least_streams");
  EXPECT_EQ(after.origin->registration.server, other);

  options.rules = {PlacementRule::Parse("*/live -> zone=nowhere").value()};
  balancer_.Configure(options);
  const auto refused = TryPick({{"v.com", "live", "third"}, Protocol::kRtmp, Role::kViewer, {}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("rule '*/live -> zone=nowhere' selects no"));
}

TEST_F(StickyBalancerTest, LeastStreamsCountsWhatSupersededOriginsHad) {
  balancer_.Configure({LoadBalancerStrategy::kLeastStreams, "", {}});
  Register("a", "10.0.0.1", "1");
  std::vector<Placement> held;
  for (int i = 0; i < 3; ++i) held.push_back(Pick({"v.com", "live", std::to_string(i)}));
  Register("b", "10.0.0.2");
  Register("a", "10.0.0.1", "2");
  for (int i = 3; i < 6; ++i) {
    held.push_back(Pick({"v.com", "live", std::to_string(i)}));
    EXPECT_EQ(held.back().origin->id, "b-svc-1");
  }
  EXPECT_EQ(Pick({"v.com", "live", "0"}).origin->id, "a-svc-2");
}

TEST_F(StickyBalancerTest, PinnedStreamGoesNowhereElse) {
  for (int i = 1; i <= 5; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  streams_->Pin({key_, "o4"}, [](const auto& pin) { EXPECT_TRUE(pin.ok()); });
  {
    const Placement pinned = Pick(key_);
    EXPECT_EQ(pinned.origin->id, "o4-svc-1");
    EXPECT_EQ(pinned.reason, PickReason::kPinned);
    EXPECT_EQ(Pick(key_).reason, PickReason::kMapped);
  }
  ASSERT_TRUE(origins_.DeregisterOrigin("o4-svc-1").ok());
  const auto refused = TryPick({key_, Protocol::kRtmp, Role::kViewer, {}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(MessageOf(refused.status()), HasSubstr("is pinned to server o4"));
  EXPECT_EQ(streams_->size(), 0u);
}

TEST_F(StickyBalancerTest, ChoosesForAMoveWithoutClaiming) {
  Register("a", "10.0.0.1");
  EXPECT_THAT(MessageOf(balancer_.ChooseFor(key_, "a").status()),
              HasSubstr("1 of the server that it leaves"));
  Register("b", "10.0.0.2");
  EXPECT_EQ(balancer_.ChooseFor(key_, "a").value()->id, "b-svc-1");
  balancer_.ReportConnect("b-svc-1", ConnectOutcome::kRefused);
  EXPECT_THAT(MessageOf(balancer_.ChooseFor(key_, "a").status()),
              HasSubstr("is down for this proxy"));
  EXPECT_EQ(balancer_.ChooseFor(key_, "").value()->id, "a-svc-1");
  EXPECT_EQ(streams_->size(), 0u);
}

// Twelve streams, so that luck does not help.
TEST_F(StickyBalancerTest, WhoeverComesFirstUnderWhateverVhostThereIsOneOrigin) {
  for (int i = 1; i <= 5; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  for (int i = 0; i < 12; ++i) {
    const std::string name = std::to_string(i);
    const StreamKey domain{"example.com", "live", name};
    const StreamKey address{"__defaultVhost__", "live", name};
    for (const bool viewers_first : {true, false}) {
      const Placement first = Pick(domain, viewers_first ? Role::kViewer : Role::kPublisher);
      const Placement second = Pick(address, viewers_first ? Role::kPublisher : Role::kViewer);
      const Placement third = Pick({"www.example.com", "live", name});
      EXPECT_EQ(second.origin->id, first.origin->id) << name;
      EXPECT_EQ(third.origin->id, first.origin->id) << name;
      EXPECT_EQ(second.reason, PickReason::kMappedByVhost);
    }
  }
}

TEST_F(StickyBalancerTest, PublishersOfTwoVhostsNeedNotShareAnOrigin) {
  for (int i = 1; i <= 5; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  std::set<std::string> origins;
  std::vector<Placement> kept;
  for (int i = 0; i < 20; ++i) {
    kept.push_back(Pick({absl::StrCat("v", i, ".com"), "live", "cam"}, Role::kPublisher));
    origins.insert(kept.back().origin->id);
  }
  EXPECT_GT(origins.size(), 2u);
}

TEST_F(StickyBalancerTest, ViewersAndPublisherOfTwoVhostsAtOnceGetOneOrigin) {
  for (int i = 1; i <= 5; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  constexpr int kRounds = 50;
  constexpr int kThreads = 4;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Placement> placements(kThreads);
    std::latch start(kThreads);
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const Role role = t == 0 ? Role::kPublisher : Role::kViewer;
        const StreamKey key{t % 2 == 0 ? "__defaultVhost__" : "example.com", "live",
                            std::to_string(round)};
        start.arrive_and_wait();
        placements[t] = Pick(key, role);
      });
    }
    threads.clear();
    for (const Placement& placement : placements) {
      EXPECT_EQ(placement.origin->id, placements[0].origin->id) << round;
    }
  }
}

// What is known of streams and of origins is read apart: in between an origin comes, and gets one.

class ReadApartTest : public StickyBalancerTest {
 protected:
  ReadApartTest() { Register("a", "10.0.0.1"); }

  // Another client publishes `key` to an origin that has just come.
  void PublishOnNewOrigin(const StreamKey& key) {
    Register("b", "10.0.0.2");
    streams_->Claim({key, "b-svc-1", Role::kPublisher}, [this](absl::StatusOr<ClaimOutcome> claim) {
      ASSERT_TRUE(claim.ok());
      ASSERT_TRUE(claim->granted);
      publisher_ = std::move(claim->hold);
    });
  }
  absl::StatusOr<Placement> PickHere(const StreamKey& key, Role role = Role::kViewer) {
    absl::StatusOr<Placement> answer;
    hooked_balancer_.Pick(
        {key, Protocol::kRtmp, role, {}},
        [&](absl::StatusOr<Placement> placement) { answer = std::move(placement); });
    return answer;
  }

  std::shared_ptr<HookedStreams> hooked_ = std::make_shared<HookedStreams>(streams_);
  StickyBalancer hooked_balancer_{origins_, hooked_, counts_, {}, 1};
  std::unique_ptr<StreamHold> publisher_;
};

TEST_F(ReadApartTest, AStreamOnAnOriginThatHasJustComeStaysThere) {
  hooked_->before_find = [this] { PublishOnNewOrigin(key_); };
  const auto viewer = PickHere(key_);
  ASSERT_TRUE(viewer.ok()) << viewer.status();
  EXPECT_EQ(viewer->origin->id, "b-svc-1") << "that is no origin that has gone";
  EXPECT_EQ(streams_->Find(key_)->origin_id, "b-svc-1");
}

TEST_F(ReadApartTest, SoDoesOneOfAnotherVhost) {
  const StreamKey other{"__defaultVhost__", key_.app, key_.stream};
  hooked_->before_find_in_other_vhost = [&] { PublishOnNewOrigin(other); };
  const auto viewer = PickHere(key_);
  ASSERT_TRUE(viewer.ok()) << viewer.status();
  EXPECT_EQ(viewer->origin->id, "b-svc-1");
  EXPECT_EQ(viewer->reason, PickReason::kMappedByVhost);

  const auto explained = hooked_balancer_.Explain({key_, Protocol::kRtmp, Role::kViewer, {}});
  EXPECT_EQ(explained.origin_id, "b-svc-1");
}

TEST_F(ReadApartTest, AnOriginIsDialledWhereItIsRegisteredWhenTheClaimIsGranted) {
  auto delayed =
      std::make_shared<DelayedStreams>(std::make_unique<MemoryStreamDirectory>(clock_, 9));
  StickyBalancer balancer(origins_, delayed, counts_, {}, 1);
  delayed->Pause();
  std::promise<absl::StatusOr<Placement>> answer;
  balancer.Pick(
      {key_, Protocol::kRtmp, Role::kViewer, {}},
      [&](absl::StatusOr<Placement> placement) { answer.set_value(std::move(placement)); });
  Register("a", "10.0.0.9");  // The same id: it has moved.
  delayed->Resume();
  const auto placement = answer.get_future().get();
  ASSERT_TRUE(placement.ok()) << placement.status();
  EXPECT_EQ(placement->endpoint.host, "10.0.0.9");
}

// A directory where another proxy claims in between: what Find shows is older than what Claim does.
class RacingDirectory final : public StreamDirectory {
 public:
  explicit RacingDirectory(std::string winner) : winner_(std::move(winner)) {}

  StoreState state() const override { return known; }
  std::optional<StreamMapping> Find(const StreamKey&) const override { return std::nullopt; }
  std::optional<StreamMapping> FindInOtherVhost(const StreamKey&) const override {
    return std::nullopt;
  }
  void Claim(ClaimRequest request, ClaimCallback done) override {
    ++claims;
    ++sessions;
    ClaimOutcome outcome;
    outcome.mapping.key = request.key;
    outcome.mapping.origin_id = winner_;
    outcome.hold = std::make_unique<CountedHold>(sessions);
    done(std::move(outcome));
  }
  Page List(std::string_view, size_t) const override { return {}; }
  size_t size() const override { return 0; }
  size_t in_use() const override { return 0; }
  Counts CountsOf(std::string_view) const override { return {}; }
  void Move(MoveRequest, MoveCallback done) override { done(absl::UnimplementedError("")); }
  void Release(ReleaseRequest, ReleaseCallback done) override {
    done(absl::UnimplementedError(""));
  }
  void Pin(StreamPin, PinCallback done) override { done(absl::UnimplementedError("")); }
  void Unpin(const StreamKey&, PinCallback done) override { done(absl::UnimplementedError("")); }
  std::optional<std::string> PinnedServer(const StreamKey&) const override { return std::nullopt; }
  PinPage ListPins(std::string_view, size_t) const override { return {}; }
  void SetMaxStreams(size_t) override {}
  void Stop() override {}
  Subscription Subscribe(StreamObserver&) override { return {}; }

  StoreState known = StoreState::kSynced;
  int claims = 0;
  int sessions = 0;

 private:
  class CountedHold final : public StreamHold {
   public:
    explicit CountedHold(int& sessions) : sessions_(sessions) {}
    ~CountedHold() override { --sessions_; }
    void MarkLive(LiveCallback done) override { done(absl::OkStatus()); }
    void WhenLost(LostCallback) override {}
    void Refused() override {}

   private:
    int& sessions_;
  };

  const std::string winner_;
};

TEST_F(StickyBalancerTest, LoserOfARaceUsesTheWinnersOrigin) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  for (const char* winner : {"a-svc-1", "b-svc-1"}) {
    StickyBalancer balancer(origins_, std::make_shared<RacingDirectory>(winner), counts_, {}, 1);
    bool answered = false;
    balancer.Pick({key_, Protocol::kRtmp, Role::kViewer, {}},
                  [&](absl::StatusOr<Placement> placement) {
                    answered = true;
                    EXPECT_EQ(placement->origin->id, winner);
                    EXPECT_EQ(placement->reason, PickReason::kLostRace);
                  });
    EXPECT_TRUE(answered);
  }
}

TEST_F(StickyBalancerTest, GivesUpWhenThePlacementKeepsChanging) {
  Register("a", "10.0.0.1");
  const auto directory = std::make_shared<RacingDirectory>("unknown");
  StickyBalancer balancer(origins_, directory, counts_, {}, 1);
  absl::Status refused;
  balancer.Pick({key_, Protocol::kRtmp, Role::kViewer, {}},
                [&](absl::StatusOr<Placement> placement) { refused = placement.status(); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(MessageOf(refused), "the placement of example.com/live/cam kept changing: try again");
  EXPECT_EQ(directory->claims, 4);
  EXPECT_EQ(directory->sessions, 0) << "every answered claim was ended";
}

TEST_F(StickyBalancerTest, PlacesNothingBeforeItKnowsWhereStreamsAre) {
  Register("a", "10.0.0.1");
  const auto directory = std::make_shared<RacingDirectory>("a-svc-1");
  directory->known = StoreState::kNeverSynced;
  StickyBalancer balancer(origins_, directory, counts_, {}, 1);
  absl::Status refused;
  const auto answer = [&](const absl::StatusOr<Placement>& placement) {
    refused = placement.status();
  };
  balancer.Pick({key_, Protocol::kRtmp, Role::kViewer, {}}, answer);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(directory->claims, 0);
  directory->known = StoreState::kGone;
  balancer.Pick({key_, Protocol::kRtmp, Role::kViewer, {}}, answer);
  EXPECT_TRUE(refused.ok()) << refused;
}

// Two publishers wait for an origin that hangs; one gives up and is accepted elsewhere.
TEST_F(StickyBalancerTest, AnAcceptanceThatComesTooLateIsNone) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  const Placement waits = Pick(key_, Role::kPublisher);
  Placement other = Pick(key_, Role::kPublisher);
  ASSERT_EQ(other.origin->id, waits.origin->id);
  other.lease.reset();
  other = Pick(key_, Role::kPublisher, {waits.origin->id});
  ASSERT_NE(other.origin->id, waits.origin->id);
  absl::Status first = absl::UnknownError("");
  absl::Status second = absl::UnknownError("");
  other.lease->MarkLive([&](absl::Status status) { first = std::move(status); });
  waits.lease->MarkLive([&](absl::Status status) { second = std::move(status); });
  EXPECT_TRUE(first.ok()) << first;
  EXPECT_TRUE(absl::IsAborted(second)) << second;
}

// Somebody else's publisher comes alive between the decision and the claim.
TEST_F(StickyBalancerTest, AStreamThatComesAliveMeanwhileStays) {
  Register("a", "10.0.0.1");
  Register("b", "10.0.0.2");
  const auto delayed =
      std::make_shared<DelayedStreams>(std::make_unique<MemoryStreamDirectory>(clock_, kCap));
  StickyBalancer balancer(origins_, delayed, counts_, {}, 1);
  const auto pick = [&](std::vector<std::string> excluded) {
    auto picked = std::make_shared<std::promise<absl::StatusOr<Placement>>>();
    balancer.Pick(
        {key_, Protocol::kRtmp, Role::kPublisher, std::move(excluded)},
        [picked](absl::StatusOr<Placement> placement) { picked->set_value(std::move(placement)); });
    return picked->get_future();
  };
  const Placement first = pick({}).get().value();
  delayed->Pause();
  std::promise<absl::Status> accepted;
  first.lease->MarkLive([&](absl::Status status) { accepted.set_value(std::move(status)); });
  auto late = pick({first.origin->id});  // Decided while nobody was live.
  delayed->Resume();
  EXPECT_TRUE(accepted.get_future().get().ok());
  const auto refused = late.get();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable) << refused.status();
  EXPECT_EQ(delayed->Find(key_)->origin_id, first.origin->id);
}

TEST_F(StickyBalancerTest, SixtyFourConcurrentPicksOneWinner) {
  constexpr int kPicks = 64;
  for (int i = 1; i <= 10; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  for (int round = 0; round < 10; ++round) {
    const StreamKey key{"v.com", "live", std::to_string(round)};
    std::latch start(kPicks);
    std::vector<absl::StatusOr<Placement>> picked;
    for (int i = 0; i < kPicks; ++i) picked.emplace_back(absl::UnknownError(""));
    std::vector<std::thread> threads;
    for (int i = 0; i < kPicks; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        balancer_.Pick(
            {key, Protocol::kRtmp, i == 0 ? Role::kPublisher : Role::kViewer, {}},
            [&, i](absl::StatusOr<Placement> placement) { picked[i] = std::move(placement); });
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::set<std::string> origins;
    int claimed = 0;
    for (const auto& placement : picked) {
      origins.insert(placement->origin->id);
      claimed += placement->reason == PickReason::kClaimed ? 1 : 0;
    }
    EXPECT_EQ(origins.size(), 1u);
    EXPECT_EQ(claimed, 1);
  }
}

TEST_F(StickyBalancerTest, SessionsComeAndGoWhileOriginsDo) {
  constexpr int kThreads = 8;
  for (int i = 1; i <= 4; ++i) Register(absl::StrCat("o", i), absl::StrCat("10.0.0.", i));
  std::latch start(kThreads + 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < 300; ++i) {
        const Role role = (i + t) % 4 == 0 ? Role::kPublisher : Role::kViewer;
        balancer_.Pick({{"v.com", "live", std::to_string(i % 20)}, Protocol::kRtmp, role, {}},
                       [&](absl::StatusOr<Placement> placement) {
                         ASSERT_TRUE(placement.ok()) << placement.status();
                         placement->lease->MarkLive();
                         balancer_.ReportConnect(placement->origin->id, ConnectOutcome::kOk);
                       });
      }
    });
  }
  start.arrive_and_wait();
  for (int pid = 2; pid < 100; ++pid) {
    Register("o1", "10.0.0.1", std::to_string(pid));
    const auto strategy = static_cast<LoadBalancerStrategy>(pid % 4);
    balancer_.Configure({strategy, "eu", {PlacementRule::Parse("other.com/* -> a=b").value()}});
    EXPECT_GE(balancer_.Imbalance(), 0);
    balancer_.ReportConnect("o2-svc-1", ConnectOutcome::kRefused);
    origins_.Tick();
  }
  for (std::thread& thread : threads) thread.join();
  for (const StreamMapping& mapping : streams_->List("", 100).mappings) {
    EXPECT_EQ(mapping.publishers + mapping.viewers, 0u);
  }
}

}  // namespace
}  // namespace srsproxy
