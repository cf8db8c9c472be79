#include "dataplane/balance/origin_snapshots.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(OriginRegistryTest, HeartbeatsShowInTheSnapshotBeforeLong) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  const auto shown = [&] { return registry_.snapshot()->Find("a-svc-1")->load.streams; };
  const auto beat = [&](int64_t streams) {
    ASSERT_TRUE(registry_.Heartbeat(lease.lease_id, WithStreams(streams)).ok());
  };
  beat(1);
  EXPECT_EQ(shown(), std::nullopt) << "the snapshot is young";
  EXPECT_EQ(registry_.CurrentSnapshot()->Find("a-svc-1")->load.streams, 1);
  beat(2);
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(shown(), 1);
  registry_.Tick();
  EXPECT_EQ(shown(), 2);
  clock_.Advance(absl::Milliseconds(100));
  beat(3);
  EXPECT_EQ(shown(), 3) << "the snapshot was old";
  beat(4);
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  EXPECT_EQ(shown(), 4) << "it came along with a change";
}

TEST_F(OriginRegistryTest, ShapeChangesWithWhatMattersToPlacement) {
  const OriginLease lease = Register(Srs("a", "10.0.0.1", "1"));
  uint64_t shape = registry_.snapshot()->shape_version;
  const auto changed = [&] {
    return std::exchange(shape, registry_.snapshot()->shape_version) != shape;
  };
  ASSERT_TRUE(registry_.Heartbeat(lease.lease_id, {}).ok());
  Register(Srs("a", "10.0.0.1", "1"));
  registry_.Tick();
  EXPECT_FALSE(changed());
  registry_.ReportConnect("a-svc-1", ConnectOutcome::kRefused);
  EXPECT_TRUE(changed());
  ASSERT_TRUE(SetAdminState("a", AdminState::kCordoned).ok());
  EXPECT_TRUE(changed());
  ASSERT_TRUE(SetWeight("a", 2).ok());
  EXPECT_TRUE(changed());
  OriginRegistration with_srt = Srs("a", "10.0.0.1", "1");
  with_srt.srt = {{Transport::kUdp, "", 10080}};
  Register(with_srt);
  EXPECT_TRUE(changed());
  Pass(absl::Seconds(30));
  EXPECT_TRUE(changed());
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_TRUE(changed());
}

// Subscribers.

TEST_F(OriginRegistryTest, ReportsChangesInOrderAfterTheSnapshotShowsThem) {
  std::vector<std::string> events;
  auto subscription = registry_.Subscribe([&](const OriginEvent& event) {
    const bool present = registry_.snapshot()->Find(event.origin->id) != nullptr;
    const char* kind = event.kind == OriginEvent::Kind::kJoined    ? "joined"
                       : event.kind == OriginEvent::Kind::kChanged ? "changed"
                       : event.kind == OriginEvent::Kind::kLeft    ? "left"
                                                                   : "conflict";
    events.push_back(absl::StrCat(kind, " ", event.origin->id, ": ", event.reason));
    EXPECT_EQ(present, event.kind != OriginEvent::Kind::kLeft) << events.back();
  });
  Register(Srs("a", "10.0.0.1", "1"));
  Register(Srs("a", "10.0.0.1", "1"));  // Nothing changes.
  Register(Srs("a", "10.0.0.1", "2"));
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kRefused);
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kRefused);  // Nothing changes.
  registry_.ReportConnect("a-svc-2", ConnectOutcome::kOk);
  EXPECT_TRUE(SetAdminState("a", AdminState::kDraining).ok());
  Pass(absl::Seconds(300));
  EXPECT_THAT(
      events,
      ElementsAre("joined a-svc-1: registered", "joined a-svc-2: registered",
                  "left a-svc-1: superseded by a-svc-2", "changed a-svc-2: refused a connection",
                  "changed a-svc-2: connected again", "changed a-svc-2: set by an operator",
                  "changed a-svc-2: no heartbeat for 30s", "changed a-svc-2: no heartbeat for 5m"));
  subscription = {};
  events.clear();
  Register(Srs("a", "10.0.0.1", "3"));
  EXPECT_THAT(events, IsEmpty());
}

TEST_F(OriginRegistryTest, NotifiesWhenTheFirstOriginIsKnown) {
  int waited = 0;
  auto given_up = registry_.AwaitFirstOrigin([&] { waited += 100; });
  auto waiting = registry_.AwaitFirstOrigin([&] { ++waited; });
  EXPECT_EQ(waited, 0);
  given_up = {};
  Register(Srs("a", "10.0.0.1", "1"));
  EXPECT_EQ(waited, 1);
  Register(Srs("b", "10.0.0.2", "1"));
  EXPECT_EQ(waited, 1) << "only once";
  const auto late = registry_.AwaitFirstOrigin([&] { ++waited; });
  EXPECT_EQ(waited, 2) << "inline when one is known";
}

TEST_F(OriginRegistryTest, SubscriptionMayOutliveTheRegistry) {
  Subscription subscription;
  {
    MemoryOriginStore store;
    OriginRegistry registry(clock_, store);
    subscription = registry.Subscribe([](const OriginEvent&) {});
  }
}

}  // namespace
}  // namespace srsproxy
