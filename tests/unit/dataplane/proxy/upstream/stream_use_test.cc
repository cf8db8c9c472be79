#include "dataplane/proxy/upstream/stream_use.h"

#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/balance/start_settle.h"
#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy {
namespace {

using testing::HasSubstr;

// What the store was asked, for the test to answer.
struct Asked {
  std::vector<StreamHold::LiveCallback> live;
  StreamHold::LostCallback lost;
};

class AskingLease final : public StreamLease {
 public:
  explicit AskingLease(Asked& asked) : asked_(asked) {}
  void MarkLive(StreamHold::LiveCallback done) override { asked_.live.push_back(std::move(done)); }
  void WhenLost(StreamHold::LostCallback lost) override { asked_.lost = std::move(lost); }
  void Refused() override {}

 private:
  Asked& asked_;
};

class OneOrigin final : public Balancer {
 public:
  explicit OneOrigin(Asked& asked) : asked_(asked) {}
  void Pick(PickRequest, PickCallback done) override {
    Placement placement;
    auto origin = std::make_shared<Origin>();
    origin->id = "a-s-1";
    origin->registration.server = "a";
    placement.origin = std::move(origin);
    placement.strategy = "random";
    placement.lease = std::make_unique<AskingLease>(asked_);
    done(std::move(placement));
  }
  PickExplanation Explain(const PickRequest&) const override { return {}; }
  void ReportConnect(std::string_view, ConnectOutcome) override {}

 private:
  Asked& asked_;
};

class StreamUseTest : public testing::Test {
 protected:
  std::unique_ptr<StreamUse> Use(Role role) {
    auto use = std::make_unique<StreamUse>(
        upstream_, config_.Get(), Protocol::kRtmp, role, StreamKey{"v.com", "live", "cam"},
        "10.0.0.9:1000", HopList(), [this](const absl::Status& why) { lost_.push_back(why); });
    const auto picked = net::testing::RunTask(worker_.io(), use->Pick(cancel_));
    EXPECT_TRUE(picked.ok()) << picked.status();
    return use;
  }
  // As a shared store does: on another thread. Then the worker runs.
  void Answer(const absl::Status& status) {
    std::thread store([&] {
      for (auto& done : std::exchange(asked_.live, {})) done(status);
    });
    store.join();
    RunWorker();
  }
  void RunWorker() {
    worker_.io().restart();
    worker_.io().poll();
  }
  static absl::Status No() { return ProxyFailure(absl::StatusCode::kAborted, "it is elsewhere"); }

  LiveConfig config_{Config{}};
  FakeClock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1"};
  MemoryOriginStore store_;
  OriginRegistry origins_{clock_, store_};
  Asked asked_;
  OneOrigin balancer_{asked_};
  net::Worker worker_{0};
  net::DialRules dial_rules_{config_};
  HopGuard hop_guard_{BootId{1}, clock_, logger_};
  OriginConnections connections_{clock_};
  const SessionContext context_{worker_, clock_, logger_, metrics_, metrics_.AddWorker()};
  const UpstreamNeeds upstream_{.context = context_,
                                .balancer = balancer_,
                                .origins = origins_,
                                .dial_rules = dial_rules_,
                                .hop_guard = hop_guard_,
                                .connections = connections_,
                                .proxy_started = clock_.Now() - StartSettle::kWindow};
  std::function<void()> cancel_;
  std::vector<absl::Status> lost_;
};

TEST_F(StreamUseTest, APublisherThatIsToldNoLaterIsEndedAndCounted) {
  const auto use = Use(Role::kPublisher);
  use->MediaFlows(clock_.Now());
  EXPECT_TRUE(asked_.live.empty()) << "a publisher is accepted by its origin's word";
  use->PublisherAccepted();
  ASSERT_EQ(asked_.live.size(), 1u);
  EXPECT_TRUE(lost_.empty());
  Answer(No());
  ASSERT_EQ(lost_.size(), 1u);
  EXPECT_EQ(lost_[0], No());
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_sticky_violations_total 1\n"));
  asked_.lost(No());
  RunWorker();
  EXPECT_EQ(lost_.size(), 1u) << "once";
}

TEST_F(StreamUseTest, AViewerIsEndedAndCountsAsNoViolation) {
  const auto use = Use(Role::kViewer);
  use->PublisherAccepted();
  EXPECT_TRUE(asked_.live.empty());
  use->MediaFlows(clock_.Now());
  Answer(No());
  EXPECT_EQ(lost_.size(), 1u);
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_sticky_violations_total 0\n"));
}

TEST_F(StreamUseTest, APublisherMayLoseItsStreamLater) {
  const auto use = Use(Role::kPublisher);
  use->PublisherAccepted();
  Answer(absl::OkStatus());
  EXPECT_TRUE(lost_.empty());
  std::thread store([this] { asked_.lost(No()); });
  store.join();
  RunWorker();
  EXPECT_EQ(lost_.size(), 1u);
}

TEST_F(StreamUseTest, AStoreThatStopsEndsNoSession) {
  const auto use = Use(Role::kPublisher);
  use->PublisherAccepted();
  Answer(absl::CancelledError("stopped"));
  EXPECT_TRUE(lost_.empty());
}

TEST_F(StreamUseTest, AnAnswerThatComesTooLateFindsNobody) {
  auto use = Use(Role::kPublisher);
  use->PublisherAccepted();
  std::thread store([this] {
    for (auto& done : std::exchange(asked_.live, {})) done(No());
  });
  store.join();
  use->Finish(Side::kClient, absl::OkStatus());
  use.reset();
  RunWorker();  // What was posted meanwhile.
  EXPECT_TRUE(lost_.empty());
  use = Use(Role::kPublisher);
  use->PublisherAccepted();
  use->Finish(Side::kClient, absl::OkStatus());
  use.reset();
  Answer(No());
  EXPECT_TRUE(lost_.empty());
}

}  // namespace
}  // namespace srsproxy
