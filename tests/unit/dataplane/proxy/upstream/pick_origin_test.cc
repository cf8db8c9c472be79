// How a stream waits for its origin just after a start. What is waited for is on the real clock, so
// these tests look only at what came before what.
#include "dataplane/proxy/upstream/pick_origin.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy {
namespace {

constexpr absl::Duration kSettle = absl::Milliseconds(100);
// Longer than any of these tests may take.
constexpr absl::Duration kNever = absl::Seconds(10);

// Answers at once, with the origins that are there.
class FakeBalancer final : public Balancer {
 public:
  explicit FakeBalancer(const OriginRegistry& origins) : origins_(origins) {}

  void Pick(PickRequest, PickCallback done) override {
    ++picks;
    origins_seen = origins_.snapshot()->origins.size();
    if (origins_seen == 0) return done(absl::UnavailableError("none"));
    Placement placement;
    placement.origin = origins_.snapshot()->origins.front();
    done(std::move(placement));
  }
  PickExplanation Explain(const PickRequest&) const override {
    PickExplanation explanation;
    const auto snapshot = origins_.snapshot();
    if (!snapshot->origins.empty()) explanation.origin_id = snapshot->origins.front()->id;
    explanation.reason = known ? PickReason::kMapped : PickReason::kClaimed;
    return explanation;
  }
  void ReportConnect(std::string_view, ConnectOutcome) override {}

  bool known = false;
  int picks = 0;
  size_t origins_seen = 0;

 private:
  const OriginRegistry& origins_;
};

class PickOriginTest : public testing::Test {
 protected:
  void Make(absl::Duration settle) {
    origins_.emplace(clock_, store_, OriginRegistryOptions{.start_settle = settle});
    balancer_.emplace(*origins_);
    Start();
  }
  // The proxy has started at started_.
  void Start() {
    upstream_.emplace(UpstreamNeeds{.context = context_,
                                    .balancer = *balancer_,
                                    .origins = *origins_,
                                    .dial_rules = dial_rules_,
                                    .hop_guard = hop_guard_,
                                    .connections = connections_,
                                    .proxy_started = started_});
    scope_.emplace();
  }
  void Register(const std::string& server) {
    OriginRegistration registration;
    registration.ip = "10.0.0." + server;
    registration.server = server;
    registration.service = "svc";
    registration.pid = "1";
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    ASSERT_TRUE(origins_->Register(std::move(registration), "x").ok());
  }
  // After `delay`, while the pick waits.
  void Later(absl::Duration delay, std::function<void()> what) {
    auto timer =
        std::make_shared<net::asio::steady_timer>(worker_.io(), absl::ToChronoNanoseconds(delay));
    timer->async_wait([timer, what](const boost::system::error_code&) { what(); });
  }
  absl::StatusOr<Placement> Pick(PickRequest request = {}) {
    return net::testing::RunTask(worker_.io(), *scope_, PickOrigin(*upstream_, std::move(request)));
  }
  absl::Duration Passed() const { return absl::FromChrono(clock_.Now() - started_); }

  Clock clock_;
  MonotonicTime started_ = clock_.Now();
  MemoryOriginStore store_;
  std::optional<OriginRegistry> origins_;
  std::optional<FakeBalancer> balancer_;
  LiveConfig config_{Config{}};
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1"};
  net::Worker worker_{0};
  net::DialRules dial_rules_{config_};
  HopGuard hop_guard_{BootId{1}, clock_, logger_};
  OriginConnections connections_{clock_};
  const SessionContext context_{worker_, clock_, logger_, metrics_, metrics_.AddWorker()};
  std::optional<UpstreamNeeds> upstream_;
  std::optional<net::CancelScope> scope_;
};

TEST_F(PickOriginTest, WaitsUntilNoFurtherOriginComes) {
  Make(kSettle);
  Later(absl::Milliseconds(20), [this] { Register("1"); });
  Later(absl::Milliseconds(80), [this] { Register("2"); });
  Later(absl::Milliseconds(140), [this] { Register("3"); });
  EXPECT_TRUE(Pick().ok());
  EXPECT_EQ(balancer_->picks, 1);
  EXPECT_EQ(balancer_->origins_seen, 3u);
  EXPECT_GE(Passed(), absl::Milliseconds(140) + kSettle);
}

TEST_F(PickOriginTest, WaitsAlsoWhenItComesAfterTheFirstOrigin) {
  Make(kSettle);
  Register("1");
  Later(absl::Milliseconds(10), [this] { Register("2"); });
  EXPECT_TRUE(Pick().ok());
  EXPECT_EQ(balancer_->origins_seen, 2u);
}

TEST_F(PickOriginTest, WithoutASettleTimeTheFirstOriginEndsTheWait) {
  Make(absl::ZeroDuration());
  Later(absl::Milliseconds(20), [this] { Register("1"); });
  EXPECT_TRUE(Pick().ok());
  EXPECT_EQ(balancer_->origins_seen, 1u);
}

TEST_F(PickOriginTest, AStreamThatHasItsPlaceDoesNotWait) {
  Make(kNever);
  Register("1");
  balancer_->known = true;
  EXPECT_TRUE(Pick().ok());
  EXPECT_LT(Passed(), kNever);
}

TEST_F(PickOriginTest, AfterAnOriginWasTriedInVainItDoesNotWait) {
  Make(kNever);
  Register("1");
  PickRequest request;
  request.excluded = {"2-svc-1"};
  EXPECT_TRUE(Pick(request).ok());
  EXPECT_LT(Passed(), kNever);
}

TEST_F(PickOriginTest, LongAfterTheStartNobodyWaits) {
  Make(kNever);
  Register("1");
  started_ -= StartSettle::kWindow;
  Start();
  EXPECT_TRUE(Pick().ok());
  EXPECT_LT(Passed() - absl::FromChrono(StartSettle::kWindow), kNever);
}

TEST_F(PickOriginTest, AClientThatLeavesEndsItsWaitAndPicksNothing) {
  for (const bool with_origin : {false, true}) {
    Make(kNever);
    if (with_origin) Register("1");
    Later(absl::Milliseconds(20), [this] { scope_->Cancel(Side::kClient, absl::OkStatus()); });
    EXPECT_TRUE(absl::IsCancelled(Pick().status()));
    EXPECT_EQ(balancer_->picks, 0);
  }
  EXPECT_LT(Passed(), kNever);
}

}  // namespace
}  // namespace srsproxy
