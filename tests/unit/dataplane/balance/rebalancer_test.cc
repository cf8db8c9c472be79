#include "dataplane/balance/rebalancer.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/delayed_streams.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_fleet.h"
#include "tests/support/held_claims.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = RebalanceProgress::State;

class RebalancerTest : public testing::Test {
 protected:
  RebalancerTest() {
    Register("a", "10.0.0.1");
    Register("b", "10.0.0.2");
  }

  void Register(const std::string& server, const std::string& ip) {
    OriginRegistration registration;
    registration.ip = ip;
    registration.server = server;
    registration.service = "s";
    registration.pid = "1";
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    ASSERT_TRUE(origins_.Register(std::move(registration), "10.0.0.9").ok());
  }

  static StreamKey Key(int i) { return {"v.com", "live", std::to_string(i)}; }
  // A stream that one viewer waits for.
  void AddViewed(int i, const std::string& server = "a") {
    claims_.Claim({Key(i), server + "-s-1", Role::kViewer});
  }
  // A name that was published once.
  void AddIdle(int i, const std::string& server = "a") {
    claims_.PublishOnce(Key(i), server + "-s-1");
  }
  void AddLive(int i, const std::string& server = "a") { claims_.Publish(Key(i), server + "-s-1"); }
  void Pass(absl::Duration duration) {
    clock_.Advance(duration);
    rebalancer_.Tick();
  }
  std::map<std::string, int> Counts() const {
    std::map<std::string, int> counts;
    for (const auto& mapping : streams_->List("", 1000).mappings) ++counts[mapping.origin_id];
    return counts;
  }
  RebalanceProgress Progress() const { return rebalancer_.Get("").value(); }

  FakeClock clock_;
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1"};
  MemoryOriginStore store_;
  OriginRegistry origins_{clock_, store_};
  std::shared_ptr<MemoryStreamDirectory> streams_ =
      std::make_shared<MemoryStreamDirectory>(clock_, 10'000);
  StreamCounts counts_;
  Subscription counted_streams_ = streams_->Subscribe(counts_);
  StickyBalancer balancer_{origins_, streams_, counts_, {}, 1};
  Rebalancer rebalancer_{{.clock = clock_,
                          .logger = logger_,
                          .metrics = metrics_,
                          .origins = origins_,
                          .streams = *streams_,
                          .balancer = balancer_},
                         7};
  HeldClaims claims_{*streams_};
};

constexpr RebalanceLimits kAll{.max_kicked = 1000};

TEST_F(RebalancerTest, MovesAtItsRateAndShowsHowFarItIs) {
  for (int i = 0; i < 20; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan(kAll);
  EXPECT_EQ(plan->expires_at - plan->created_at, absl::Minutes(10));
  ASSERT_EQ(plan->plan.moves.size(), 10u);
  ASSERT_TRUE(rebalancer_.CheckApply(plan->id).ok());
  EXPECT_EQ(rebalancer_.RunningId(), "") << "a check changes nothing";

  EXPECT_EQ(rebalancer_.Apply(plan->id, 2).value().moves_total, 10u);
  EXPECT_EQ(rebalancer_.RunningId(), plan->id);
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_rebalance_in_progress 1\n"));
  rebalancer_.Tick();
  EXPECT_EQ(Progress().moves_done, 1u) << "the first at once";
  for (int i = 0; i < 10; ++i) Pass(absl::Milliseconds(100));
  EXPECT_EQ(Progress().moves_done, 3u);
  Pass(absl::Minutes(1));
  EXPECT_EQ(Progress().moves_done, 5u) << "a late tick does not make up for it";
  EXPECT_EQ(Progress().state, State::kRunning);
  EXPECT_FALSE(Progress().ended_at.has_value());
  for (int i = 0; i < 5; ++i) Pass(absl::Seconds(1));

  const RebalanceProgress done = rebalancer_.Get(plan->id).value();
  EXPECT_EQ(done.state, State::kDone);
  EXPECT_EQ(done.moves_done, 10u);
  EXPECT_EQ(done.sessions_kicked, 10u);
  EXPECT_TRUE(done.ended_at.has_value());
  EXPECT_EQ(rebalancer_.RunningId(), "");
  EXPECT_THAT(Counts(), ElementsAre(testing::Pair("a-s-1", 10), testing::Pair("b-s-1", 10)));
  EXPECT_THAT(rebalancer_.Plan(kAll)->plan.moves, testing::IsEmpty());
  const std::string scrape = metrics_.Serialize();
  EXPECT_THAT(scrape, HasSubstr("srsproxy_rebalance_in_progress 0\n"));
  EXPECT_THAT(scrape, HasSubstr("srsproxy_rebalance_moves_total{result=\"moved\"} 10\n"));
}

TEST_F(RebalancerTest, ApplyingTwiceIsHarmless) {
  for (int i = 0; i < 4; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan(kAll);
  ASSERT_TRUE(rebalancer_.Apply(plan->id, 1).ok());
  rebalancer_.Tick();
  EXPECT_EQ(rebalancer_.Apply(plan->id, 1000).value().moves_done, 1u);
  EXPECT_TRUE(rebalancer_.CheckApply(plan->id).ok());
  Pass(absl::Seconds(1));
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(rebalancer_.Apply(plan->id, 5).value().state, State::kDone);
  EXPECT_THAT(Counts(), ElementsAre(testing::Pair("a-s-1", 2), testing::Pair("b-s-1", 2)));
}

TEST_F(RebalancerTest, OneAtATime) {
  for (int i = 0; i < 4; ++i) AddViewed(i);
  const auto one = rebalancer_.Plan(kAll);
  const auto other = rebalancer_.Plan(kAll);
  EXPECT_NE(one->id, other->id);
  ASSERT_TRUE(rebalancer_.Apply(one->id, 1).ok());
  const auto refused = rebalancer_.Apply(other->id, 1).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(MessageOf(refused), HasSubstr(one->id));
  EXPECT_EQ(rebalancer_.CheckApply(other->id).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RebalancerTest, PlansAreForgotten) {
  EXPECT_EQ(rebalancer_.Apply("none", 1).status().code(), absl::StatusCode::kNotFound);
  const auto plan = rebalancer_.Plan(kAll);
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(rebalancer_.Apply(plan->id, 1).status().code(), absl::StatusCode::kNotFound);
  const auto crowded_out = rebalancer_.Plan(kAll);
  for (int i = 0; i < 8; ++i) rebalancer_.Plan(kAll);
  EXPECT_EQ(rebalancer_.Apply(crowded_out->id, 1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RebalancerTest, EmptyPlanIsDoneAtOnce) {
  const auto plan = rebalancer_.Plan(kAll);
  EXPECT_EQ(rebalancer_.Apply(plan->id, 1).value().state, State::kDone);
  EXPECT_EQ(rebalancer_.RunningId(), "");
}

TEST_F(RebalancerTest, AbortsWhenThePlacementHasChanged) {
  for (int i = 0; i < 8; ++i) AddViewed(i);
  const auto refusal = [&](auto change) {
    const auto plan = rebalancer_.Plan(kAll);
    EXPECT_FALSE(plan->plan.moves.empty());
    change(plan->plan.moves[1]);
    const auto status = rebalancer_.Apply(plan->id, 1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_EQ(rebalancer_.RunningId(), "");
    return status;
  };
  const auto moved = refusal([&](const PlannedMove& move) {
    streams_->Move({move.key, move.to_origin_id}, [](const auto&) {});
  });
  EXPECT_THAT(MessageOf(moved), HasSubstr("has been placed anew since the plan was made"));
  EXPECT_TRUE(moved.GetPayload(kStreamPayload).has_value());
  EXPECT_THAT(MessageOf(refusal([&](const PlannedMove& move) {
                streams_->Release(move.key, 0, true, [](const auto&) {});
              })),
              HasSubstr("has been placed anew"));
  EXPECT_THAT(MessageOf(refusal([&](const PlannedMove&) {
                balancer_.Configure({{}, "eu", {}});
              })),
              HasSubstr("the settings of placement have changed"));
  balancer_.Configure({});
  EXPECT_THAT(MessageOf(refusal([&](const PlannedMove&) {
                balancer_.ReportConnect("b-s-1", ConnectOutcome::kRefused);
              })),
              HasSubstr("origin b-s-1 has changed"));
  balancer_.ReportConnect("b-s-1", ConnectOutcome::kOk);
  EXPECT_THAT(MessageOf(refusal([&](const PlannedMove&) {
                ASSERT_TRUE(origins_.DeregisterOrigin("b-s-1").ok());
              })),
              HasSubstr("origin b-s-1 has changed"));
}

TEST_F(RebalancerTest, WhatHasChangedMeanwhileIsSkipped) {
  for (int i = 0; i < 12; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan({.max_kicked = 6});
  ASSERT_EQ(plan->plan.moves.size(), 6u);
  ASSERT_TRUE(rebalancer_.Apply(plan->id, 100).ok());
  const auto key = [&](int i) { return plan->plan.moves[i].key; };
  streams_->Move({key(0), "b-s-1"}, [](const auto&) {});
  claims_.Claim({key(1), "a-s-1", Role::kPublisher});
  for (int i = 0; i < 6; ++i) claims_.Claim({key(2), "a-s-1", Role::kViewer});
  streams_->Pin({key(3), "a"}, [](const auto&) {});
  streams_->Release(key(4), 0, true, [](const auto&) {});
  Pass(absl::Seconds(1));
  const RebalanceProgress done = Progress();
  EXPECT_EQ(done.state, State::kDone);
  EXPECT_EQ(done.moves_done, 1u);
  EXPECT_EQ(done.moves_skipped, 5u);
  EXPECT_THAT(done.messages,
              ElementsAre(HasSubstr("has been placed anew"), HasSubstr("has got a publisher"),
                          HasSubstr("has 7 sessions, more than may still be ended"),
                          HasSubstr("is pinned to server a"), HasSubstr("has been placed anew")));
  EXPECT_FALSE(streams_->Find(key(1))->pending.has_value());
}

TEST_F(RebalancerTest, NamesThatNobodyUsesStayWhereTheyAre) {
  for (int i = 0; i < 26; ++i) AddIdle(i);
  AddIdle(26, "b");
  for (int i = 27; i < 30; ++i) AddLive(i, "b");
  const auto plan = rebalancer_.Plan(kAll);
  EXPECT_EQ(plan->plan.shares[0].streams_before, 0u);
  EXPECT_EQ(plan->plan.shares[1].streams_before, 3u);
  ASSERT_EQ(plan->plan.moves.size(), 1u);
  EXPECT_TRUE(plan->plan.moves[0].publisher_live);
  EXPECT_DOUBLE_EQ(balancer_.Imbalance(), 1);
}

// The answers come on another thread, later.
TEST_F(RebalancerTest, LivesWithLateAnswers) {
  auto streams =
      std::make_shared<DelayedStreams>(std::make_unique<MemoryStreamDirectory>(clock_, 10'000));
  StreamCounts counts;
  const auto counting = streams->Subscribe(counts);
  StickyBalancer balancer(origins_, streams, counts, {}, 1);
  Rebalancer rebalancer({.clock = clock_,
                         .logger = logger_,
                         .metrics = metrics_,
                         .origins = origins_,
                         .streams = *streams,
                         .balancer = balancer},
                        7);
  std::vector<std::unique_ptr<StreamHold>> holds(40);
  for (int i = 0; i < 40; ++i) {
    streams->Claim({Key(i), "a-s-1", Role::kViewer}, [&, i](absl::StatusOr<ClaimOutcome> claimed) {
      holds[i] = std::move(claimed->hold);
    });
  }
  streams->Settle();
  ASSERT_TRUE(rebalancer.Apply(rebalancer.Plan(kAll)->id, 1000).ok());
  streams->Pause();
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(absl::Milliseconds(100));
    rebalancer.Tick();
  }
  EXPECT_EQ(rebalancer.Get("")->moves_done, 0u);
  EXPECT_EQ(rebalancer.Get("")->state, State::kRunning);
  streams->Resume();
  streams->Settle();
  EXPECT_EQ(rebalancer.Get("")->state, State::kDone);
  EXPECT_EQ(rebalancer.Get("")->moves_done, 20u);
  EXPECT_EQ(*counts.Of("b-s-1"), 20u);

  // What is open when the store stops is skipped, and nothing waits for it.
  holds.resize(50);
  for (int i = 40; i < 50; ++i) {
    streams->Claim({Key(i), "a-s-1", Role::kViewer}, [&, i](absl::StatusOr<ClaimOutcome> claimed) {
      holds[i] = std::move(claimed->hold);
    });
  }
  streams->Settle();
  ASSERT_TRUE(rebalancer.Apply(rebalancer.Plan(kAll)->id, 1000).ok());
  streams->Pause();
  clock_.Advance(absl::Seconds(1));
  rebalancer.Tick();
  streams->Stop();
  EXPECT_EQ(rebalancer.Get("")->state, State::kDone);
  EXPECT_EQ(rebalancer.Get("")->moves_skipped, 5u);
}

TEST_F(RebalancerTest, SettingTheMachinesTimeEndsNoPlan) {
  for (int i = 0; i < 4; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan(kAll);
  clock_.SetWall(clock_.WallNow() + absl::Hours(1));
  EXPECT_TRUE(rebalancer_.CheckApply(plan->id).ok());
  clock_.SetWall(clock_.WallNow() - absl::Hours(2));
  clock_.Advance(RebalancePlans::kLife);
  EXPECT_TRUE(absl::IsNotFound(rebalancer_.CheckApply(plan->id)));
}

TEST_F(RebalancerTest, OnlyTheDriverApplies) {
  FakeFleet fleet;
  fleet.driving = false;
  Rebalancer rebalancer({.clock = clock_,
                         .logger = logger_,
                         .metrics = metrics_,
                         .origins = origins_,
                         .streams = *streams_,
                         .balancer = balancer_,
                         .fleet = &fleet},
                        7);
  for (int i = 0; i < 4; ++i) AddViewed(i);
  const auto plan = rebalancer.Plan(kAll);
  for (const absl::Status& refused :
       {rebalancer.CheckApply(plan->id), rebalancer.Apply(plan->id, 1).status()}) {
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(MessageOf(refused), HasSubstr("proxy-2"));
  }
  fleet.driving = true;
  ASSERT_TRUE(rebalancer.Apply(plan->id, 1).ok());
  fleet.settling = true;
  rebalancer.Tick();
  EXPECT_EQ(rebalancer.Get("").value().state, State::kRunning) << "it goes on afterwards";
  EXPECT_EQ(rebalancer.Get("").value().moves_done, 0u);
  fleet.driving = false;
  rebalancer.Tick();
  EXPECT_EQ(rebalancer.Get("").value().state, State::kCancelled) << "another one drives now";
  EXPECT_EQ(rebalancer.Get("").value().moves_done, 0u);
}

TEST_F(RebalancerTest, TargetThatDiesStopsItsMoves) {
  for (int i = 0; i < 4; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan(kAll);
  ASSERT_TRUE(rebalancer_.Apply(plan->id, 1).ok());
  rebalancer_.Tick();
  ASSERT_TRUE(origins_.DeregisterOrigin("b-s-1").ok());
  Pass(absl::Seconds(1));
  EXPECT_EQ(Progress().state, State::kDone);
  EXPECT_EQ(Progress().moves_skipped, 1u);
  EXPECT_THAT(Progress().messages, ElementsAre(HasSubstr("origin b-s-1, where stream")));
}

TEST_F(RebalancerTest, CancelStopsIt) {
  for (int i = 0; i < 8; ++i) AddViewed(i);
  EXPECT_EQ(rebalancer_.Cancel("").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(rebalancer_.Get("").status().code(), absl::StatusCode::kNotFound);
  const auto plan = rebalancer_.Plan(kAll);
  EXPECT_EQ(rebalancer_.Get(plan->id).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(rebalancer_.Apply(plan->id, 1).ok());
  rebalancer_.Tick();
  EXPECT_EQ(rebalancer_.Cancel("").value().state, State::kCancelled);
  Pass(absl::Minutes(1));
  EXPECT_EQ(Progress().moves_done, 1u);
  EXPECT_TRUE(Progress().ended_at.has_value());
  EXPECT_EQ(rebalancer_.Cancel(plan->id).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Counts(), ElementsAre(testing::Pair("a-s-1", 7), testing::Pair("b-s-1", 1)));
}

TEST_F(RebalancerTest, AnswersWhileItMoves) {
  for (int i = 0; i < 200; ++i) AddViewed(i);
  const auto plan = rebalancer_.Plan(kAll);
  ASSERT_TRUE(rebalancer_.Apply(plan->id, 1000).ok());
  std::thread asking([&] {
    while (rebalancer_.Get("").value().state == State::kRunning) {
      EXPECT_EQ(rebalancer_.Apply(plan->id, 5).value().moves_total, 100u);
      rebalancer_.Plan({.max_kicked = 0, .max_moves = 1});
    }
    EXPECT_EQ(rebalancer_.Cancel("").status().code(), absl::StatusCode::kNotFound);
  });
  while (Progress().state == State::kRunning) Pass(absl::Milliseconds(10));
  asking.join();
  EXPECT_EQ(Progress().moves_done, 100u);
}

// ---- Live publishers, which the migration controller would end

class LiveRebalanceTest : public RebalancerTest {
 protected:
  LiveRebalanceTest() {
    for (int i = 0; i < 2; ++i) AddLive(i);
    const auto plan = rebalancer_.Plan({.max_kicked = 1, .max_moves = 10});
    EXPECT_EQ(plan->plan.moves.size(), 1u);
    EXPECT_TRUE(plan->plan.moves[0].publisher_live);
    moving_ = plan->plan.moves[0].key;
    EXPECT_TRUE(rebalancer_.Apply(plan->id, 5).ok());
  }

  StreamKey moving_;
};

TEST_F(LiveRebalanceTest, WaitsForThePublishersEnd) {
  rebalancer_.Tick();
  const auto mapping = streams_->Find(moving_);
  EXPECT_EQ(mapping->origin_id, "a-s-1");
  ASSERT_TRUE(mapping->pending.has_value());
  EXPECT_EQ(mapping->pending->deadline, clock_.WallNow()) << "its publisher is to end now";
  EXPECT_EQ(mapping->pending->cause, MoveCause::kRebalance);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Progress().state, State::kRunning);
  claims_.End(moving_, Role::kPublisher);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Progress().state, State::kDone);
  EXPECT_EQ(Progress().moves_done, 1u);
  EXPECT_EQ(Progress().sessions_kicked, 1u);
  EXPECT_EQ(streams_->Find(moving_)->origin_id, "b-s-1");
}

TEST_F(LiveRebalanceTest, GivesUpOnAPublisherThatStays) {
  rebalancer_.Tick();
  Pass(Rebalancer::kPublisherWait);
  EXPECT_EQ(Progress().state, State::kDone);
  EXPECT_EQ(Progress().sessions_kicked, 0u);
  EXPECT_THAT(Progress().messages, ElementsAre(HasSubstr("did not end in time")));
  EXPECT_FALSE(streams_->Find(moving_)->pending.has_value());
}

TEST_F(LiveRebalanceTest, MoveThatIsTakenBackIsSkipped) {
  rebalancer_.Tick();
  streams_->Move({moving_, "a-s-1"}, [](const auto&) {});
  Pass(absl::Seconds(1));
  EXPECT_THAT(Progress().messages, ElementsAre(HasSubstr("its move was taken back")));
}

TEST_F(LiveRebalanceTest, CancelTakesTheWaitingMoveBack) {
  rebalancer_.Tick();
  ASSERT_TRUE(streams_->Find(moving_)->pending.has_value());
  EXPECT_EQ(rebalancer_.Cancel("").value().state, State::kCancelled);
  EXPECT_FALSE(streams_->Find(moving_)->pending.has_value());
  Pass(absl::Minutes(1));
  EXPECT_EQ(Progress().moves_done + Progress().moves_skipped, 0u);
}

TEST_F(LiveRebalanceTest, MoreViewersThanAllowedKeepIt) {
  claims_.Claim({moving_, "a-s-1", Role::kViewer});
  rebalancer_.Tick();
  EXPECT_EQ(Progress().state, State::kDone);
  EXPECT_THAT(Progress().messages, ElementsAre(HasSubstr("has 2 sessions, more than may")));
}

TEST_F(LiveRebalanceTest, PublisherThatHasEndedCostsNothing) {
  claims_.End(moving_, Role::kPublisher);
  rebalancer_.Tick();
  EXPECT_EQ(Progress().moves_done, 1u);
  EXPECT_EQ(Progress().sessions_kicked, 0u);
}

}  // namespace
}  // namespace srsproxy
