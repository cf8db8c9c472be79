#include "dataplane/balance/origin_table.h"

#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/dataplane/balance/origin_registry_fixture.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class OriginTableTest : public testing::Test {
 protected:
  OriginEntry& Add(const std::string& server, const std::string& ip) {
    Origin origin;
    origin.registration = Srs(server, ip, "1");
    return table_.Add(std::move(origin), {}, "registered");
  }
  // "kind id: reason" of each event since the last call.
  std::vector<std::string> Events() {
    snapshots_.PublishPending([this](OriginSnapshot& next) { table_.Fill(next); });
    return std::exchange(events_, {});
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginTraffic traffic_{clock_};
  OriginRegistryOptions options_;
  OriginSnapshots snapshots_{clock_, options_.max_snapshot_age};
  OriginTable table_{clock_, store_, traffic_, snapshots_, options_};
  std::vector<std::string> events_;
  Subscription subscription_ = snapshots_.Subscribe([this](const OriginEvent& event) {
    const char* kind = event.kind == OriginEvent::Kind::kJoined    ? "joined"
                       : event.kind == OriginEvent::Kind::kChanged ? "changed"
                                                                   : "left";
    events_.push_back(absl::StrCat(kind, " ", event.origin->id, ": ", event.reason));
  });
};

TEST_F(OriginTableTest, WhatIsAddedIsInEveryIndex) {
  Add("a", "10.0.0.1");
  Add("b", "10.0.0.2");
  EXPECT_THAT(Events(), ElementsAre("joined a-svc-1: registered", "joined b-svc-1: registered"));
  EXPECT_EQ(table_.Find("a-svc-1")->origin->registration.server, "a");
  EXPECT_EQ(table_.Find("c-svc-1"), nullptr);
  EXPECT_THAT(table_.IdsOfServer("a"), UnorderedElementsAre("a-svc-1"));
  EXPECT_THAT(table_.IdsAtAddress("10.0.0.2:1935"), UnorderedElementsAre("b-svc-1"));
  EXPECT_NE(traffic_.Begin("a-svc-1", Role::kViewer), nullptr);
  EXPECT_EQ(snapshots_.Current()->origins.size(), 2u);
}

TEST_F(OriginTableTest, WhatIsRemovedIsInNone) {
  OriginEntry& entry = Add("a", "10.0.0.1");
  table_.GiveLease(entry);
  table_.Save(entry);
  const std::string lease = entry.leases.lease_id;
  EXPECT_EQ(table_.FindLease(lease), &entry);
  EXPECT_EQ(store_.Records().size(), 1u);
  Events();
  table_.Remove(table_.entries().find("a-svc-1"), "deregistered", {});
  EXPECT_THAT(Events(), ElementsAre("left a-svc-1: deregistered"));
  EXPECT_EQ(table_.FindLease(lease), nullptr);
  EXPECT_THAT(table_.IdsOfServer("a"), IsEmpty());
  EXPECT_THAT(table_.IdsAtAddress("10.0.0.1:1935"), IsEmpty());
  EXPECT_EQ(traffic_.Begin("a-svc-1", Role::kViewer), nullptr);
  EXPECT_THAT(store_.Records(), IsEmpty());
}

TEST_F(OriginTableTest, LoadAndHeartbeatsAreNoEvents) {
  OriginEntry& entry = Add("a", "10.0.0.1");
  Events();
  Origin changed = *entry.origin;
  changed.load.streams = 3;
  changed.last_seen = clock_.Now();
  table_.Update(entry, changed, "heard again");
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_EQ(entry.origin->load.streams, 3);
  changed.down = true;
  table_.Update(entry, changed, "refused a connection");
  EXPECT_THAT(Events(), ElementsAre("changed a-svc-1: refused a connection"));
}

TEST_F(OriginTableTest, ReindexedOriginsAreFoundWhereTheyAreNow) {
  OriginEntry& entry = Add("a", "10.0.0.1");
  table_.Reindex(entry, "a", {"10.0.0.7:1935", "10.0.0.7:1936"});
  EXPECT_THAT(table_.IdsAtAddress("10.0.0.1:1935"), IsEmpty());
  EXPECT_THAT(table_.IdsAtAddress("10.0.0.7:1936"), UnorderedElementsAre("a-svc-1"));
  EXPECT_THAT(table_.IdsOfServer("a"), UnorderedElementsAre("a-svc-1"));
}

TEST_F(OriginTableTest, ASupersededOneHasASuccessor) {
  Add("a", "10.0.0.1");
  Add("b", "10.0.0.1");
  Add("c", "10.0.0.3");
  Events();
  table_.Supersede("a-svc-1", "b-svc-1");
  EXPECT_THAT(Events(), ElementsAre("left a-svc-1: superseded by b-svc-1"));
  EXPECT_EQ(snapshots_.Current()->ResolveConnected("a-svc-1")->id, "b-svc-1");
  table_.Supersede("b-svc-1", "c-svc-1");
  Events();
  EXPECT_EQ(snapshots_.Current()->Resolve("a-svc-1")->id, "c-svc-1");
  EXPECT_EQ(snapshots_.Current()->ResolveConnected("a-svc-1"), nullptr) << "it is elsewhere";
}

TEST_F(OriginTableTest, WhatAnOperatorDecidedIsInForceFromTheStart) {
  OverridesChange change;
  change.weight = FieldChange<double>::Set(5);
  store_.ChangeOverrides("a", std::move(change),
                         [](const auto& changed) { EXPECT_TRUE(changed.ok()); });
  EXPECT_EQ(Add("a", "10.0.0.1").origin->weight, 5);
}

}  // namespace
}  // namespace srsproxy
