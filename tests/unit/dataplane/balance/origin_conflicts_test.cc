#include "dataplane/balance/origin_conflicts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(OriginRegistryTest, TwoLiveAddressesOfAServerAreKeptAndReported) {
  std::vector<std::string> conflicts;
  const auto subscription = registry_.Subscribe([&](const OriginEvent& event) {
    if (event.kind == OriginEvent::Kind::kConflict) conflicts.push_back(event.reason);
  });
  const OriginLease a = Register(Srs("copied", "10.0.0.1", "1"));
  const OriginLease b = Register(Srs("copied", "10.0.0.2", "1-b"));
  PassAlive(absl::Seconds(60), {a.lease_id, b.lease_id});
  EXPECT_THAT(Ids(), ElementsAre("copied-svc-1", "copied-svc-1-b"));
  EXPECT_THAT(conflicts,
              ElementsAre("server 'copied' is live at 10.0.0.2:1935 and at 10.0.0.1:1935: give "
                          "each SRS a server id file of its own"));
  EXPECT_EQ(registry_.stats().conflicts, 1u);
  const auto listed = registry_.Conflicts();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].server, "copied");
  EXPECT_THAT(listed[0].origin_ids, ElementsAre("copied-svc-1", "copied-svc-1-b"));
}

// Sources that take each other's place.

class ContestTest : public OriginRegistryTest {
 protected:
  ContestTest() {
    events_ = registry_.Subscribe([this](const OriginEvent& event) {
      if (event.kind != OriginEvent::Kind::kConflict) return;
      ++told_;
      if (!event.repeated) notices_.push_back(event.reason);
    });
  }
  OriginLease SrsBeats() { return Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1"); }
  OriginLease AgentRegisters() { return Register(Srs("agent", "10.0.0.1", "9"), "10.0.0.5"); }

  Subscription events_;
  int told_ = 0;
  std::vector<std::string> notices_;
};

TEST_F(ContestTest, AnAgentBesideSrsIsOneFromTheSecondTakeoverOn) {
  SrsBeats();
  Pass(absl::Seconds(3));
  AgentRegisters();
  EXPECT_THAT(registry_.Conflicts(), IsEmpty()) << "it may have come for good";
  Pass(absl::Seconds(7));
  SrsBeats();
  const auto conflicts = registry_.Conflicts();
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].server, "srs");
  EXPECT_THAT(conflicts[0].origin_ids, ElementsAre("agent-svc-9", "srs-svc-1"));
  EXPECT_EQ(conflicts[0].takeovers, 2u);
  EXPECT_EQ(conflicts[0].message,
            "RTMP address 10.0.0.1:1935 is registered in turn as agent-svc-9 from 10.0.0.5 and as "
            "srs-svc-1 from 10.0.0.1: let only one of them register it; an agent beside SRS's own "
            "heartbeat has to register SRS's server, service and pid, from the same address");
  EXPECT_THAT(notices_, ElementsAre(conflicts[0].message));
  EXPECT_EQ(registry_.stats().conflicts, 1u);
}

TEST_F(ContestTest, ItIsReportedOnceAMinuteAndCountedEachTime) {
  for (int i = 0; i < 13; ++i) {  // Two minutes.
    SrsBeats();
    Pass(absl::Seconds(5));
    AgentRegisters();
    Pass(absl::Seconds(5));
  }
  EXPECT_EQ(told_, 24);
  EXPECT_EQ(registry_.stats().conflicts, 24u);
  EXPECT_EQ(notices_.size(), 2u);
  EXPECT_EQ(registry_.Conflicts().at(0).takeovers, 25u);
}

TEST_F(ContestTest, ItIsOverWhenNobodyTakesThePlaceForAWhile) {
  SrsBeats();
  AgentRegisters();
  SrsBeats();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(registry_.Conflicts().size(), 1u);
    Pass(absl::Seconds(10));
    SrsBeats();
  }
  Pass(absl::Seconds(10));
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
}

TEST_F(ContestTest, AnSrsThatStartsAnewIsNone) {
  for (int pid = 1; pid < 20; ++pid) {
    Register(Srs("srs", "10.0.0.1", std::to_string(pid)));
    Pass(absl::Seconds(1));
  }
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
  EXPECT_EQ(told_, 0);
}

TEST_F(ContestTest, OneIdAtTwoAddressesIsOne) {
  for (int i = 0; i < 2; ++i) {
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1");
    Register(Srs("srs", "10.0.0.2", "1"), "10.0.0.2");
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_THAT(registry_.Conflicts()[0].origin_ids, ElementsAre("srs-svc-1"));
  EXPECT_EQ(registry_.Conflicts()[0].message,
            "origin srs-svc-1 is registered in turn at 10.0.0.1:1935 from 10.0.0.1 and at "
            "10.0.0.2:1935 from 10.0.0.2: give each SRS a server id file of its own");
}

TEST_F(ContestTest, OneIdFromTwoSourcesIsOne) {
  for (int i = 0; i < 2; ++i) {
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.1");
    Register(Srs("srs", "10.0.0.1", "1"), "10.0.0.5");
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_EQ(registry_.Conflicts()[0].message,
            "origin srs-svc-1 is registered in turn at 10.0.0.1:1935 from 10.0.0.1 and at "
            "10.0.0.1:1935 from 10.0.0.5: let only one of them register it, or all from one "
            "address");
}

TEST_F(ContestTest, ThreeInARingAreOne) {
  for (int i = 0; i < 2; ++i) {
    for (const char* server : {"x", "y", "z"}) Register(Srs(server, "10.0.0.1", "1"));
  }
  ASSERT_EQ(registry_.Conflicts().size(), 1u);
  EXPECT_THAT(registry_.Conflicts()[0].origin_ids, ElementsAre("x-svc-1", "y-svc-1", "z-svc-1"));
}

TEST_F(ContestTest, TheDefaultBackendTakesPartInNone) {
  ASSERT_TRUE(registry_.RegisterPermanent(Srs("default", "10.0.0.1", "1")).ok());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(registry_.DeregisterLease(SrsBeats().lease_id).ok());
  }
  EXPECT_THAT(registry_.Conflicts(), IsEmpty());
}

}  // namespace
}  // namespace srsproxy
