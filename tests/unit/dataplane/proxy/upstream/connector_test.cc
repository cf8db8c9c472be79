#include "dataplane/proxy/upstream/connector.h"

#include "tests/unit/dataplane/proxy/upstream/upstream_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Pool = Connector::Pool;
using Report = ListBalancer::Report;

class ConnectorTest : public UpstreamFixture {
 protected:
  using Connected = absl::StatusOr<Connector::Connected>;

  Connected Connect(Pool pool = Pool::kAvoid) { return Run(connector_->Connect(Wanted(), pool)); }
  void Make(Connector::Choose choose = nullptr, const HopList& hops = {}) {
    connector_.emplace(upstream_, config_.Get(), "10.0.0.9:1000", hops, std::move(choose));
  }
  void SetConnectTimeout(absl::Duration timeout) {
    Config config = *config_.Get();
    config.connect_timeout = timeout;
    config_.Set(std::move(config));
    Make();
  }

  std::optional<Connector> connector_{std::in_place, upstream_, config_.Get(), "10.0.0.9:1000",
                                      HopList()};
};

TEST_F(ConnectorTest, PicksDialsAndReports) {
  FakeOrigin& origin = Listen();
  balancer_.Add("a", origin.port());
  {
    const auto connected = Connect();
    ASSERT_TRUE(connected.ok()) << connected.status();
    EXPECT_TRUE(connected->stream->is_open());
    EXPECT_FALSE(connected->pooled);
    EXPECT_EQ(connected->placement.origin->id, "a");
    EXPECT_EQ(balancer_.leases, 1);
  }
  EXPECT_EQ(balancer_.leases, 0);
  EXPECT_THAT(balancer_.reports, ElementsAre(Report{"a", ConnectOutcome::kOk}));
}

TEST_F(ConnectorTest, GoesOnToTheNextOrigin) {
  FakeOrigin& origin = Listen();
  balancer_.Add("a", refusing());
  balancer_.Add("b", origin.port());
  const auto connected = Connect();
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_EQ(connected->placement.origin->id, "b");
  EXPECT_EQ(balancer_.leases, 1) << "of the former one nothing is held";
  EXPECT_THAT(balancer_.reports,
              ElementsAre(Report{"a", ConnectOutcome::kRefused}, Report{"b", ConnectOutcome::kOk}));
  EXPECT_THAT(metrics_.Serialize(),
              ::testing::ContainsRegex("origin_failures_total\\{[^}]*origin=\"a\".* 1\n"));
}

TEST_F(ConnectorTest, GivesUpAfterAFewOrigins) {
  for (const char* id : {"a", "b", "c", "d"}) balancer_.Add(id, refusing());
  const auto connected = Connect();
  EXPECT_TRUE(absl::IsUnavailable(connected.status())) << connected.status();
  EXPECT_EQ(SideOf(connected.status()), Side::kOrigin);
  EXPECT_EQ(balancer_.picks, static_cast<int>(Connector::kMaxOriginsTried));
  EXPECT_EQ(balancer_.leases, 0);
}

TEST_F(ConnectorTest, WithoutAnotherOriginTheFailureOfTheFirstIsReturned) {
  balancer_.Add("a", refusing());
  const auto status = Connect().status();
  EXPECT_EQ(SideOf(status), Side::kOrigin);
  const std::string message(MessageOf(status));
  EXPECT_THAT(message, HasSubstr("could not be reached"));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("127.0.0.1"))) << "an address of the inside";
}

TEST_F(ConnectorTest, WithoutAnyOriginTheBalancersWordIsReturned) {
  const auto status = Connect().status();
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("there is no other origin"));
  EXPECT_TRUE(balancer_.reports.empty());
}

TEST_F(ConnectorTest, AnOriginThatStaysSilentMissesTheDeadline) {
  SetConnectTimeout(absl::Milliseconds(50));
  balancer_.Add("a", silent());
  const auto status = Connect().status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_EQ(SideOf(status), Side::kOrigin);
  EXPECT_THAT(balancer_.reports, ElementsAre(Report{"a", ConnectOutcome::kTimedOut}));
}

TEST_F(ConnectorTest, AnOriginThatFailedLaterIsNotTriedAgain) {
  FakeOrigin& one = Listen();
  FakeOrigin& two = Listen();
  balancer_.Add("a", one.port());
  balancer_.Add("b", two.port());
  ASSERT_TRUE(Connect().ok());
  connector_->OriginFailed(ConnectOutcome::kFailed, absl::OkStatus());
  const auto connected = Connect();
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_EQ(connected->placement.origin->id, "b");
}

TEST_F(ConnectorTest, TakesAPooledConnectionWhereAskedTo) {
  FakeOrigin& origin = Listen();
  balancer_.Add("a", origin.port());
  auto first = Connect();
  ASSERT_TRUE(first.ok()) << first.status();
  connections_.Keep(At(origin.port()), *std::move(first->stream));
  EXPECT_FALSE(Connect(Pool::kAvoid)->pooled);
  EXPECT_EQ(connections_.size(), 1U);
  EXPECT_TRUE(Connect(Pool::kUse)->pooled);
  EXPECT_EQ(connections_.size(), 0U);
}

TEST_F(ConnectorTest, ReconnectsToTheOriginThatWasPicked) {
  FakeOrigin& origin = Listen();
  balancer_.Add("a", origin.port());
  auto first = Connect();
  ASSERT_TRUE(first.ok()) << first.status();
  const auto again = Run(connector_->Reconnect(Wanted(), std::move(first->placement)));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(balancer_.picks, 1);
  EXPECT_EQ(balancer_.leases, 1);
}

TEST_F(ConnectorTest, ReconnectsElsewhereWhenThatOriginHasGone) {
  FakeOrigin& one = Listen();
  FakeOrigin& two = Listen();
  balancer_.Add("a", one.port());
  balancer_.Add("b", two.port());
  auto first = Connect();
  ASSERT_TRUE(first.ok()) << first.status();
  one.StopListening();
  const auto again = Run(connector_->Reconnect(Wanted(), std::move(first->placement)));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->placement.origin->id, "b");
}

TEST_F(ConnectorTest, TheCallerMayChooseAnotherEndpoint) {
  FakeOrigin& origin = Listen();
  balancer_.Add("a", refusing());
  Make([&](const Placement&) { return At(origin.port()); });
  EXPECT_TRUE(Connect().ok());
}

TEST_F(ConnectorTest, TheCallerMayBeConnectedAlready) {
  balancer_.Add("a", refusing());
  Make([](const Placement&) { return std::nullopt; });
  const auto connected = Connect();
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_FALSE(connected->stream.has_value());
}

TEST_F(ConnectorTest, TheCallersRefusalEndsTheSearch) {
  balancer_.Add("a", refusing());
  balancer_.Add("b", refusing());
  Make([](const Placement&) { return absl::PermissionDeniedError("redirected too often"); });
  EXPECT_TRUE(absl::IsPermissionDenied(Connect().status()));
  EXPECT_EQ(balancer_.picks, 1);
  EXPECT_TRUE(balancer_.reports.empty());
}

TEST_F(ConnectorTest, AClientThatComesInACircleGetsNone) {
  balancer_.Add("a", refusing());
  Make(nullptr, hop_guard_.Onward({}));
  EXPECT_TRUE(IsLoop(Connect().status()));
  EXPECT_EQ(balancer_.picks, 0);
}

TEST_F(ConnectorTest, CancelledWhileTheBalancerThinksItLetsGoOfWhatIsPickedLater) {
  balancer_.Add("a", refusing());
  balancer_.holds = true;
  const auto connected = Run(CancelWhile(connector_->Connect(Wanted())));
  EXPECT_TRUE(absl::IsCancelled(connected.status())) << connected.status();
  ASSERT_EQ(balancer_.held.size(), 1U);
  auto& [request, done] = balancer_.held.front();
  balancer_.Answer(request, done);
  EXPECT_EQ(balancer_.leases, 1);
  balancer_.held.clear();
  RunReady();
  EXPECT_EQ(balancer_.leases, 0);
}

TEST_F(ConnectorTest, CancelledWhileItDialsItBlamesNobody) {
  balancer_.Add("a", silent());
  balancer_.Add("b", silent());
  const auto connected = Run(CancelWhile(connector_->Connect(Wanted())));
  EXPECT_TRUE(absl::IsCancelled(connected.status())) << connected.status();
  EXPECT_EQ(balancer_.picks, 1);
  EXPECT_EQ(balancer_.leases, 0);
  EXPECT_TRUE(balancer_.reports.empty());
}

}  // namespace
}  // namespace srsproxy::testing
