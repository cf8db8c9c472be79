#include "dataplane/balance/migration_controller.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/change_overrides.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_fleet.h"
#include "tests/support/held_claims.h"
#include "tests/support/hooked_streams.h"
#include "tests/unit/dataplane/balance/fake_sessions.h"

namespace srsproxy {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);

std::string Id(const std::string& server) { return server + "-svc-1"; }

class MigrationControllerTest : public testing::Test {
 protected:
  MigrationControllerTest() {
    migrated_streams_ = streams_->Subscribe(*migrations_);
    for (const char* server : {"a", "b"}) Register(server);
  }
  ~MigrationControllerTest() override { streams_->Stop(); }  // Sessions outlive the migrations.

  // The lease's id.
  std::string Register(const std::string& server, const std::string& pid = "1") {
    return RegisterAt(absl::StrCat("10.0.0.", static_cast<int>(server[0])), server, pid);
  }
  std::string RegisterAt(std::string ip, const std::string& server, const std::string& pid) {
    OriginRegistration registration;
    registration.ip = std::move(ip);
    registration.server = server;
    registration.service = "svc";
    registration.pid = pid;
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    const auto lease = origins_.Register(std::move(registration), "10.0.0.1");
    EXPECT_TRUE(lease.ok()) << lease.status();
    return lease.ok() ? lease->lease_id : "";
  }
  void Drain(const std::string& server, absl::Time deadline = absl::InfiniteFuture()) {
    const auto drained = UpdateOverrides(origins_, server, [&](OriginOverrides& overrides) {
      overrides.admin_state = AdminState::kDraining;
      overrides.drain = OriginDrain{.started_at = clock_.WallNow(), .deadline = deadline};
    });
    ASSERT_TRUE(drained.ok()) << drained.status();
  }
  void SetState(const std::string& server, AdminState state) {
    ASSERT_TRUE(UpdateOverrides(origins_, server, [&](OriginOverrides& overrides) {
                  overrides.admin_state = state;
                }).ok());
  }
  void Move(const StreamKey& key, const std::string& server,
            absl::Time deadline = absl::InfiniteFuture()) {
    streams_->Move({.key = key, .origin_id = Id(server), .deadline = deadline},
                   [](const absl::StatusOr<MoveOutcome>& moved) { ASSERT_TRUE(moved.ok()); });
  }
  void Run(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= kTick) {
      clock_.Advance(kTick);
      migrations_->Tick();
    }
  }
  std::string OriginOf(const StreamKey& key) {
    const auto mapping = streams_->Find(key);
    return mapping.has_value() ? mapping->origin_id : "";
  }
  bool IsPending(const StreamKey& key) { return streams_->Find(key)->pending.has_value(); }
  double Metric(const std::string& sample) {
    const std::string text = metrics_.Serialize();
    const auto at = text.find("\n" + sample + " ");
    return at == std::string::npos ? 0 : std::stod(text.substr(at + sample.size() + 2));
  }
  // The first ACTIVE origin that is not of `leaving_server`.
  absl::StatusOr<std::shared_ptr<const Origin>> Choose(std::string_view leaving_server) {
    ++choices_;
    for (const auto& origin : origins_.snapshot()->origins) {
      if (origin->admin_state == AdminState::kActive && !origin->down &&
          origin->registration.server != leaving_server) {
        return origin;
      }
    }
    return absl::UnavailableError("nobody");
  }

  FakeClock clock_;
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1"};
  MemoryOriginStore store_;
  OriginRegistry origins_{clock_, store_, {.ttl = absl::Hours(1000)}};
  std::shared_ptr<MemoryStreamDirectory> streams_ =
      std::make_shared<MemoryStreamDirectory>(clock_, 100'000);
  FakeSessions sessions_{*streams_};
  HeldClaims claims_{*streams_};
  int choices_ = 0;
  std::unique_ptr<MigrationController> migrations_ =
      std::make_unique<MigrationController>(MigrationController::Dependencies{
          .clock = clock_,
          .logger = logger_,
          .metrics = metrics_,
          .origins = origins_,
          .streams = *streams_,
          .sessions = sessions_,
          .choose = [this](const StreamKey&, std::string_view leaving) {
            return Choose(leaving);
          }});
  Subscription migrated_streams_;
  const StreamKey key_{"v.com", "live", "cam"};
};

TEST_F(MigrationControllerTest, ViewersFollowAMove) {
  for (int i = 0; i < 5; ++i) sessions_.Connect(key_, Role::kViewer, Id("a"));
  Move(key_, "b");
  Run(absl::Seconds(1));
  EXPECT_EQ(sessions_.kicks.size(), 5u);
  EXPECT_EQ(sessions_.CountOn(Id("a")), 0u);
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  Run(absl::Seconds(20));
  EXPECT_EQ(sessions_.kicks.size(), 5u) << "it came back on the new origin";
  EXPECT_EQ(Metric(R"(srsproxy_stream_moves_total{reason="operator",result="done"})"), 1);
}

TEST_F(MigrationControllerTest, NobodyIsEndedWhileThePublisherIsLive) {
  const std::string publisher = sessions_.Connect(key_, Role::kPublisher, Id("a"));
  for (int i = 0; i < 5; ++i) sessions_.Connect(key_, Role::kViewer);
  Move(key_, "b");
  Run(absl::Minutes(10));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_EQ(Metric(R"(srsproxy_stream_moves_total{reason="operator",result="pending"})"), 1);

  sessions_.End(publisher);
  EXPECT_EQ(OriginOf(key_), Id("b"));
  sessions_.Connect(key_, Role::kPublisher);
  Run(absl::Seconds(1));
  EXPECT_EQ(sessions_.kicks.size(), 5u);
  EXPECT_EQ(sessions_.CountOn(Id("b")), 1u) << "the publisher";
}

TEST_F(MigrationControllerTest, APublisherIsEndedAtTheDeadline) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  sessions_.Connect(key_, Role::kViewer);
  Move(key_, "b", clock_.WallNow() + absl::Seconds(30));
  Run(absl::Seconds(29));
  EXPECT_TRUE(sessions_.kicks.empty());
  Run(absl::Seconds(2));
  ASSERT_EQ(sessions_.kicks.size(), 2u);
  EXPECT_EQ(sessions_.kicks[0].role, Role::kPublisher);
  EXPECT_EQ(sessions_.kicks[1].role, Role::kViewer);
  EXPECT_EQ(OriginOf(key_), Id("b"));
}

TEST_F(MigrationControllerTest, APublisherWhoseTimeHasComeIsEndedAtOnce) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Move(key_, "b", clock_.WallNow());
  Run(kTick * 2);
  EXPECT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(OriginOf(key_), Id("b"));
}

TEST_F(MigrationControllerTest, APublisherOfAMoveThatWasTakenBackGoesOn) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Move(key_, "b", clock_.WallNow() + absl::Seconds(30));
  Run(absl::Seconds(1));
  Move(key_, "a");
  Run(absl::Minutes(5));
  EXPECT_TRUE(sessions_.kicks.empty());
}

TEST_F(MigrationControllerTest, NobodyIsEndedForATargetThatIsGone) {
  const std::string lease = Register("c");
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Move(key_, "c", clock_.WallNow() + absl::Seconds(30));
  Run(absl::Seconds(1));
  ASSERT_TRUE(origins_.DeregisterLease(lease).ok());
  Run(absl::Minutes(5));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_FALSE(IsPending(key_));
  EXPECT_EQ(OriginOf(key_), Id("a"));
}

TEST_F(MigrationControllerTest, ALaterDeadlineCounts) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Move(key_, "b", clock_.WallNow() + absl::Seconds(30));
  Run(absl::Seconds(1));
  Move(key_, "b", clock_.WallNow() + absl::Minutes(5));
  Run(absl::Minutes(4));
  EXPECT_TRUE(sessions_.kicks.empty());
  Run(absl::Minutes(2));
  EXPECT_EQ(sessions_.kicks.size(), 1u);
}

// The stream is mapped to another origin than the one where its publisher is live.
TEST_F(MigrationControllerTest, AStreamIsBroughtTogetherWhereItsPublisherIsLive) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  sessions_.Connect(key_, Role::kViewer);
  claims_.Claim({key_, Id("b"), Role::kViewer, streams_->Find(key_)->version});
  const std::string misplaced = sessions_.Connect(key_, Role::kViewer);
  ASSERT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(Metric("srsproxy_sticky_violations_total"), 1);
  Run(kTick * 2);
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_EQ(migrations_->misplaced().PublisherOf(key_), Id("a"))
      << "until the viewers have followed";
  EXPECT_EQ(migrations_->misplaced().Explain(key_),
            "The stream is being brought together on origin " + Id("a") +
                ", where its publisher is live: viewers elsewhere are ended.");
  Run(absl::Seconds(1));
  ASSERT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(sessions_.kicks[0].id, misplaced);
  Run(absl::Seconds(3));
  EXPECT_EQ(migrations_->misplaced().size(), 0u);
  EXPECT_EQ(migrations_->misplaced().Explain(key_), "");
  EXPECT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(Metric(R"(srsproxy_stream_moves_total{reason="publisher",result="done"})"), 1);
  EXPECT_EQ(Metric("srsproxy_sticky_violations_total"), 1);
}

// Between the question where its publisher is and the answer, another one came elsewhere.
TEST_F(MigrationControllerTest, AnAnswerOfBeforeTheStreamMovedBringsNothingTogether) {
  const std::string former = sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Run(kTick);
  ASSERT_EQ(sessions_.questions, 1u);
  sessions_.End(former);
  Move(key_, "b");
  sessions_.Connect(key_, Role::kPublisher);
  ASSERT_EQ(OriginOf(key_), Id("b"));
  for (int tick = 0; tick < 20; ++tick) {
    Run(kTick);
    ASSERT_EQ(OriginOf(key_), Id("b"));
    ASSERT_EQ(migrations_->misplaced().size(), 0u);
  }
  EXPECT_TRUE(sessions_.kicks.empty());
}

TEST_F(MigrationControllerTest, AMoveThatWaitsForThePublisherOutlivesTheCorrection) {
  const std::string publisher = sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Register("c");
  claims_.Claim({key_, Id("b"), Role::kViewer, streams_->Find(key_)->version});
  Move(key_, "c");
  Run(absl::Seconds(2));
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_TRUE(IsPending(key_));
  sessions_.End(publisher);
  EXPECT_EQ(OriginOf(key_), Id("c"));
}

TEST_F(MigrationControllerTest, APublisherOnAnOriginThatIsGoneIsEnded) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  ASSERT_TRUE(origins_.DeregisterOrigin(Id("a")).ok());
  claims_.Claim({key_, Id("b"), Role::kViewer, streams_->Find(key_)->version});
  Run(absl::Seconds(1));
  ASSERT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(sessions_.kicks[0].role, Role::kPublisher);
  Run(absl::Seconds(3));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(migrations_->misplaced().size(), 0u);
}

TEST_F(MigrationControllerTest, AReleasedStreamIsBroughtTogetherToo) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  streams_->Release(key_, 0, true, [](const auto& released) { ASSERT_TRUE(released.ok()); });
  sessions_.Connect(key_, Role::kViewer, Id("b"));
  Run(absl::Seconds(1));
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_EQ(sessions_.CountOn(Id("b")), 0u);
}

TEST_F(MigrationControllerTest, TwoPublishersOfWhichOneIsWhereTheStreamIsAreLeftAlone) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  claims_.Claim({key_, Id("b"), Role::kPublisher, streams_->Find(key_)->version});
  sessions_.Connect(key_, Role::kPublisher);
  Run(absl::Seconds(3));
  EXPECT_EQ(OriginOf(key_), Id("b"));
}

// An origin that comes while the migration controller works: what it looks at is of after that.
class OriginComesTest : public MigrationControllerTest {
 protected:
  // In the next tick, once that has read the origins.
  void InNextTick(std::function<void()> what) {
    const StreamKey other{"v.com", "live", "other"};
    sessions_.Connect(other, Role::kPublisher, Id("a"));
    Move(other, "b");  // The migration controller looks at it.
    hooked_->before_find = std::move(what);
  }

  std::shared_ptr<HookedStreams> hooked_ = std::make_shared<HookedStreams>(streams_);
  MigrationController hooked_migrations_{
      {.clock = clock_,
       .logger = logger_,
       .metrics = metrics_,
       .origins = origins_,
       .streams = *hooked_,
       .sessions = sessions_,
       .choose = [this](const StreamKey&, std::string_view leaving) { return Choose(leaving); }}};
};

TEST_F(OriginComesTest, AMoveToItIsNotTakenBack) {
  const auto subscription = streams_->Subscribe(hooked_migrations_);
  hooked_migrations_.Tick();
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Move(key_, "d", clock_.WallNow());
  hooked_->before_find = [this] { Register("d"); };
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kTick);
    hooked_migrations_.Tick();
  }
  EXPECT_EQ(sessions_.kicks.size(), 1u) << "the publisher whose time has come";
  EXPECT_EQ(OriginOf(key_), Id("d"));
}

TEST_F(OriginComesTest, ItsPublisherIsNotEnded) {
  const auto subscription = streams_->Subscribe(hooked_migrations_);
  hooked_migrations_.Tick();
  const std::string publisher = sessions_.Connect(key_, Role::kPublisher, Id("a"));
  for (SessionInfo& session : sessions_.sessions) session.origin_id = Id("d");
  hooked_migrations_.Tick();  // Asks where the publisher is.
  InNextTick([this] { Register("d"); });
  clock_.Advance(kTick);
  hooked_migrations_.Tick();
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_EQ(OriginOf(key_), Id("d"));
}

TEST_F(MigrationControllerTest, NothingIsMovedToAnOriginThatIsLeaving) {
  const std::string lease = Register("c");
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  const auto other = origins_.traffic().Begin(Id("c"), Role::kPublisher);
  Move(key_, "c", clock_.WallNow() + absl::Seconds(30));
  Run(absl::Seconds(1));
  ASSERT_TRUE(origins_.DeregisterLease(lease)->leaving);
  Run(absl::Minutes(5));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_FALSE(IsPending(key_));
}

TEST_F(MigrationControllerTest, ViewersOfASupersededOriginGoOn) {
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  claims_.Claim({key_, "a-svc-2", Role::kViewer, streams_->Find(key_)->version, true});
  Run(absl::Minutes(1));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_EQ(Metric(R"(srsproxy_stream_moves_total{reason="superseded",result="done"})"), 1);
}

// Its successor is at another address, so it may still be there, with whoever waits on it.
TEST_F(MigrationControllerTest, ViewersOfAnOriginThatWasSupersededElsewhereFollow) {
  for (int i = 0; i < 3; ++i) sessions_.Connect(key_, Role::kViewer, Id("a"));
  Run(absl::Seconds(30));
  RegisterAt("10.0.1.1", "a", "2");
  ASSERT_EQ(origins_.snapshot()->Find(Id("a")), nullptr);
  claims_.Claim({key_, "a-svc-2", Role::kPublisher, streams_->Find(key_)->version, true});
  sessions_.Connect(key_, Role::kPublisher);
  Run(absl::Seconds(2));
  EXPECT_EQ(sessions_.kicks.size(), 3u);
  EXPECT_EQ(sessions_.CountOn(Id("a")), 0u);
  EXPECT_EQ(OriginOf(key_), "a-svc-2");
  EXPECT_EQ(Metric("srsproxy_sticky_violations_total"), 0);
}

TEST_F(MigrationControllerTest, APublisherOfAnOriginThatWasSupersededElsewhereIsEnded) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Run(absl::Seconds(30));
  RegisterAt("10.0.1.1", "a", "2");
  claims_.Claim({key_, "a-svc-2", Role::kViewer, streams_->Find(key_)->version, true});
  Run(absl::Seconds(2));
  ASSERT_EQ(sessions_.kicks.size(), 1u);
  EXPECT_EQ(sessions_.kicks[0].role, Role::kPublisher);
  Run(absl::Seconds(3));
  EXPECT_EQ(migrations_->misplaced().size(), 0u);
}

// ---- Drains

TEST_F(MigrationControllerTest, ADrainMovesWhatHasNoPublisherNow) {
  const StreamKey idle{"v.com", "live", "idle"};
  const StreamKey elsewhere{"v.com", "live", "elsewhere"};
  sessions_.End(sessions_.Connect(idle, Role::kPublisher, Id("a")));
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  sessions_.Connect(elsewhere, Role::kPublisher, Id("b"));
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 2u);
  Drain("a");
  Run(absl::Seconds(1));
  EXPECT_EQ(OriginOf(idle), Id("b"));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_FALSE(IsPending(elsewhere));
  EXPECT_EQ(sessions_.kicks.size(), 1u);
  const DrainCounts counts = migrations_->CountsOf("a");
  EXPECT_EQ(counts.streams_left, 0u);
  EXPECT_EQ(counts.streams_moved, 2u);
  EXPECT_EQ(Metric(R"(srsproxy_stream_moves_total{reason="drain",result="done"})"), 2);
}

TEST_F(MigrationControllerTest, ADrainWaitsForPublishersUntilItsDeadline) {
  const StreamKey patient{"v.com", "live", "patient"};
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  sessions_.Connect(key_, Role::kViewer);
  const std::string leaves = sessions_.Connect(patient, Role::kPublisher, Id("a"));
  Drain("a", clock_.WallNow() + absl::Minutes(1));
  Run(absl::Seconds(50));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_TRUE(IsPending(key_));
  EXPECT_EQ(migrations_->CountsOf("a").publishers_left, 2u);
  sessions_.End(leaves);
  EXPECT_EQ(OriginOf(patient), Id("b"));
  EXPECT_EQ(migrations_->CountsOf("a").streams_moved, 1u);

  Run(absl::Seconds(15));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(sessions_.kicks.size(), 2u);
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 0u);
  EXPECT_EQ(migrations_->CountsOf("a").streams_moved, 2u);
}

TEST_F(MigrationControllerTest, ADrainTakesUpWhatComesWhileItRuns) {
  Drain("a");
  Run(absl::Seconds(1));
  // Picked before the drain, claimed after it.
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  Run(absl::Seconds(1));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(sessions_.CountOn(Id("a")), 0u);
}

TEST_F(MigrationControllerTest, ANewDeadlineReplacesTheFormerOne) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Drain("a");
  Run(absl::Minutes(10));
  EXPECT_TRUE(sessions_.kicks.empty());
  Drain("a", clock_.WallNow() + absl::Seconds(5));
  Run(absl::Seconds(7));
  EXPECT_EQ(OriginOf(key_), Id("b"));
}

TEST_F(MigrationControllerTest, ADrainThatEndsTakesItsPendingMovesBack) {
  const StreamKey operators{"v.com", "live", "operators"};
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  sessions_.Connect(operators, Role::kPublisher, Id("a"));
  Move(operators, "b");
  Drain("a", clock_.WallNow() + absl::Minutes(10));
  Run(absl::Seconds(1));
  EXPECT_TRUE(IsPending(key_));
  SetState("a", AdminState::kActive);
  Run(absl::Seconds(1));
  EXPECT_FALSE(IsPending(key_));
  EXPECT_TRUE(IsPending(operators)) << "that is not the drain's";
}

TEST_F(MigrationControllerTest, WhatNobodyCanTakeIsStuckUntilSomebodyCan) {
  SetState("b", AdminState::kCordoned);
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  Drain("a");
  Run(absl::Seconds(30));
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_TRUE(sessions_.kicks.empty());
  EXPECT_EQ(migrations_->CountsOf("a").streams_stuck, 1u);
  EXPECT_LT(choices_, 10) << "it is tried again, but not without pause";
  Register("c");
  Run(absl::Seconds(7));
  EXPECT_EQ(OriginOf(key_), Id("c"));
  EXPECT_EQ(migrations_->CountsOf("a").streams_stuck, 0u);
}

TEST_F(MigrationControllerTest, ANameThatNobodyUsesHoldsNoDrainUp) {
  SetState("b", AdminState::kCordoned);
  const StreamKey idle{"v.com", "live", "idle"};
  claims_.PublishOnce(idle, Id("a"));
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  Drain("a");
  Run(absl::Seconds(1));
  EXPECT_EQ(OriginOf(idle), "") << "it is placed anew when somebody wants it";
  EXPECT_EQ(OriginOf(key_), Id("a"));
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 1u);
  sessions_.End(sessions_.sessions.front().id);
  Run(absl::Seconds(7));
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 0u);
  EXPECT_EQ(migrations_->CountsOf("a").streams_stuck, 0u);
}

TEST_F(MigrationControllerTest, AnotherProxysDrainsAreNotDoneHere) {
  FakeFleet fleet;
  fleet.driving = false;
  MigrationController migrations(
      {.clock = clock_,
       .logger = logger_,
       .metrics = metrics_,
       .origins = origins_,
       .streams = *streams_,
       .sessions = sessions_,
       .choose = [this](const StreamKey&, std::string_view from) { return Choose(from); },
       .fleet = &fleet});
  const auto subscription = streams_->Subscribe(migrations);
  const auto run = [&](absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= kTick) {
      clock_.Advance(kTick);
      migrations.Tick();
    }
  };
  const StreamKey published{"v.com", "live", "published"};
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  Drain("a");
  run(absl::Minutes(1));
  EXPECT_EQ(OriginOf(key_), Id("a"));
  // What ends sessions is done for those of this proxy.
  sessions_.Connect(published, Role::kPublisher, Id("b"));
  fleet.driving = fleet.settling = true;
  Move(published, "a", clock_.WallNow());
  run(absl::Seconds(10));
  EXPECT_EQ(sessions_.kicks.size(), 0u) << "its end would not move it";
  EXPECT_EQ(OriginOf(key_), Id("a"));
  fleet.driving = fleet.settling = false;
  run(absl::Seconds(2));
  EXPECT_EQ(sessions_.kicks.size(), 1u);
  fleet.driving = true;
  run(absl::Seconds(1));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(OriginOf(published), Id("b"));
  streams_->Stop();
}

TEST_F(MigrationControllerTest, WhatOtherProxiesCauseIsNotCountedHere) {
  StreamEvent event;
  event.kind = StreamEvent::Kind::kChanged;
  event.mapping.key = key_;
  event.mapping.origin_id = Id("b");
  event.mapping.viewers = 1;
  event.former_origin_id = Id("a");
  event.reason = StreamEventReason::kMoved;
  event.cause = MoveCause::kOperator;
  event.here = false;
  const std::string metric = R"(srsproxy_stream_moves_total{reason="operator",result="done"})";
  migrations_->OnStreamEvent(event);
  EXPECT_EQ(Metric(metric), 0);
  event.here = true;
  migrations_->OnStreamEvent(event);
  EXPECT_EQ(Metric(metric), 1);
}

TEST_F(MigrationControllerTest, APendingMoveGetsAnotherTargetWhenItsOwnCannotTakeIt) {
  const std::string publisher = sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Drain("a");
  Run(absl::Seconds(1));
  EXPECT_EQ(streams_->Find(key_)->pending->origin_id, Id("b"));
  Register("c");
  SetState("b", AdminState::kCordoned);
  Run(absl::Seconds(7));
  EXPECT_EQ(streams_->Find(key_)->pending->origin_id, Id("c"));
}

TEST_F(MigrationControllerTest, ADrainHoldsForTheNextOriginOfTheServer) {
  sessions_.Connect(key_, Role::kViewer, Id("a"));
  SetState("b", AdminState::kCordoned);
  Drain("a");
  Run(absl::Seconds(1));
  Register("a", "2");  // Supersedes a-svc-1, to which the stream is mapped still.
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 1u);
  SetState("b", AdminState::kActive);
  Run(absl::Seconds(7));
  EXPECT_EQ(OriginOf(key_), Id("b"));
  EXPECT_EQ(migrations_->CountsOf("a").streams_moved, 1u);
}

TEST_F(MigrationControllerTest, ADrainGoesOnAfterARestart) {
  sessions_.Connect(key_, Role::kPublisher, Id("a"));
  Drain("a", clock_.WallNow() + absl::Seconds(10));
  // Of another process, so to say: it knows what the registry kept, and nothing else.
  streams_->Stop();
  migrated_streams_ = {};
  migrations_ = nullptr;
  streams_ = std::make_shared<MemoryStreamDirectory>(clock_, 100);
  FakeSessions sessions(*streams_);
  MigrationController migrations(
      {.clock = clock_,
       .logger = logger_,
       .metrics = metrics_,
       .origins = origins_,
       .streams = *streams_,
       .sessions = sessions,
       .choose = [this](const StreamKey&, std::string_view from) { return Choose(from); }});
  const auto subscription = streams_->Subscribe(migrations);
  sessions.Connect(key_, Role::kPublisher, Id("a"));
  for (absl::Duration time; time < absl::Seconds(12); time += kTick) {
    clock_.Advance(kTick);
    migrations.Tick();
  }
  EXPECT_EQ(OriginOf(key_), Id("b"));
  streams_->Stop();
}

TEST_F(MigrationControllerTest, ALargeDrainIsDoneInSlices) {
  constexpr int kStreams = 20'000;
  const auto key = [](int i) { return StreamKey{"v.com", "live", std::to_string(i)}; };
  for (int i = 0; i < kStreams; ++i) {
    claims_.PublishOnce(key(i), Id("a"));
  }
  Drain("a");
  Run(kTick);
  const size_t after_one = migrations_->CountsOf("a").streams_moved;
  EXPECT_GT(after_one, 0u);
  EXPECT_LT(after_one, kStreams / 2) << "a tick is short";
  Run(absl::Seconds(2));
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 0u);
  EXPECT_EQ(migrations_->CountsOf("a").streams_moved, static_cast<size_t>(kStreams));
}

TEST_F(MigrationControllerTest, StreamsWithViewersAloneMoveNoFasterThanViewersAreEnded) {
  constexpr size_t kStreams = 400;
  for (size_t i = 0; i < kStreams; ++i) {
    sessions_.Connect({"v.com", "live", std::to_string(i)}, Role::kViewer, Id("a"));
  }
  Drain("a");
  Run(absl::Seconds(1));
  EXPECT_LE(migrations_->CountsOf("a").streams_moved, 200u);
  Run(absl::Minutes(1));
  EXPECT_EQ(migrations_->CountsOf("a").streams_left, 0u);
  EXPECT_EQ(sessions_.CountOn(Id("a")), 0u);
  EXPECT_EQ(sessions_.kicks.size(), kStreams);
}

}  // namespace
}  // namespace srsproxy
