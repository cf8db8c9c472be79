#include "dataplane/balance/passive_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::IsEmpty;

struct PassiveHealthCase {
  const char* name;
  std::vector<ConnectOutcome> outcomes;
  bool down;
};

class PassiveHealthTest : public testing::TestWithParam<PassiveHealthCase> {};

TEST_P(PassiveHealthTest, FollowsFromConnections) {
  PassiveHealth health;
  for (const ConnectOutcome outcome : GetParam().outcomes) health.Report(outcome, 3);
  EXPECT_EQ(health.down(), GetParam().down);
}

constexpr auto kOk = ConnectOutcome::kOk;
constexpr auto kRefused = ConnectOutcome::kRefused;
constexpr auto kTimedOut = ConnectOutcome::kTimedOut;
constexpr auto kFailed = ConnectOutcome::kFailed;
INSTANTIATE_TEST_SUITE_P(
    Outcomes, PassiveHealthTest,
    testing::Values(
        PassiveHealthCase{"none", {}, false},
        PassiveHealthCase{"two_failures", {kTimedOut, kFailed}, false},
        PassiveHealthCase{"three_failures", {kTimedOut, kFailed, kTimedOut}, true},
        PassiveHealthCase{"not_in_a_row", {kFailed, kFailed, kOk, kFailed, kFailed}, false},
        PassiveHealthCase{"refused_once", {kRefused}, true},
        PassiveHealthCase{"refused_then_failed", {kRefused, kFailed}, true},
        PassiveHealthCase{"refused_then_connected", {kRefused, kOk}, false},
        PassiveHealthCase{"connected_then_failed_once", {kRefused, kOk, kFailed}, false}),
    [](const auto& row) { return row.param.name; });

// DOWN.

TEST_F(OriginRegistryTest, DownIsProbedUntilAConnectionSucceeds) {
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty());
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  registry_.ReportConnect("unknown", ConnectOutcome::kRefused);
  EXPECT_TRUE(Find("a-svc-1")->down);
  EXPECT_FALSE(Find("b-svc-1")->down);
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty()) << "it has just been tried";

  clock_.Advance(absl::Seconds(3));
  const auto due = registry_.TakeDueProbes();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0]->id, "a-svc-1");
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty()) << "once for each interval";
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kTimedOut);
  EXPECT_TRUE(Find("a-svc-1")->down);
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(registry_.TakeDueProbes().size(), 1u);
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kOk);
  EXPECT_FALSE(Find("a-svc-1")->down);
  clock_.Advance(absl::Seconds(3));
  EXPECT_THAT(registry_.TakeDueProbes(), IsEmpty());
}

TEST_F(OriginRegistryTest, HeartbeatsDoNotEndDown) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  for (int i = 0; i < 3; ++i) registry_.ReportConnect("a-svc-1", ConnectOutcome::kTimedOut);
  EXPECT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_TRUE(Find("a-svc-1")->down);
}

TEST_F(OriginRegistryTest, OneThatMayNotBeConnectedToIsDownAtOnce) {
  Register(Srs("a", "10.0.0.1", "1"));
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kForbidden);
  EXPECT_TRUE(Find("a-svc-1")->down);
}

}  // namespace
}  // namespace srsproxy
