#include "dataplane/balance/drained_servers.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::UnorderedElementsAre;

class DrainedServersTest : public testing::Test {
 protected:
  DrainedServersTest() { snapshot_.successors = std::make_shared<OriginSuccessors>(); }

  Origin& Add(const std::string& server) {
    auto origin = std::make_shared<Origin>();
    origin->id = server + "-1";
    origin->registration.server = server;
    snapshot_.origins.push_back(origin);
    return *origin;
  }
  bool Refresh() { return drained_.Refresh(snapshot_); }

  const OriginDrain drain_{.started_at = absl::FromUnixSeconds(100)};
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  OriginSnapshot snapshot_;
  DrainedServers drained_{logger_};
};

TEST_F(DrainedServersTest, AreThoseWithADrainInTheirOverrides) {
  Origin& a = Add("a");
  Add("b");
  EXPECT_FALSE(Refresh());
  EXPECT_FALSE(drained_.any());
  a.overrides.drain = drain_;
  EXPECT_TRUE(Refresh());
  EXPECT_FALSE(Refresh()) << "nothing has changed since";
  EXPECT_TRUE(drained_.any());
  EXPECT_TRUE(drained_.Contains("a-1"));
  EXPECT_FALSE(drained_.Contains("b-1"));
  a.overrides.drain->deadline = absl::FromUnixSeconds(200);
  EXPECT_TRUE(Refresh());
  a.overrides.drain.reset();
  EXPECT_TRUE(Refresh());
  EXPECT_FALSE(drained_.any());
  EXPECT_FALSE(drained_.Contains("a-1"));
}

TEST_F(DrainedServersTest, WhatAnOriginSupersededIsDrainedWithIt) {
  Add("a").overrides.drain = drain_;
  snapshot_.successors =
      std::make_shared<OriginSuccessors>(OriginSuccessors{{"a-0", {"a-1"}}, {"b-0", {"b-1"}}});
  EXPECT_THAT(IdsOfServer(snapshot_, "a"), UnorderedElementsAre("a-0", "a-1"));
  Refresh();
  EXPECT_TRUE(drained_.Contains("a-0"));
  EXPECT_FALSE(drained_.Contains("b-0"));
}

TEST_F(DrainedServersTest, CountsAreOfOneDrain) {
  Origin& a = Add("a");
  a.overrides.drain = drain_;
  Refresh();
  drained_.CountMoved("a-1");
  drained_.CountMoved("a-1");
  drained_.CountMoved("b-1");
  drained_.SetStuck({{"a", 3}});
  a.overrides.drain->deadline = absl::FromUnixSeconds(200);
  Refresh();
  EXPECT_EQ(drained_.CountsOf("a").streams_moved, 2u) << "another deadline is no other drain";
  EXPECT_EQ(drained_.CountsOf("a").streams_stuck, 3u);
  EXPECT_EQ(drained_.CountsOf("b").streams_moved, 0u);
  drained_.SetStuck({});
  EXPECT_EQ(drained_.CountsOf("a").streams_stuck, 0u);
  a.overrides.drain->started_at = absl::FromUnixSeconds(150);
  Refresh();
  EXPECT_EQ(drained_.CountsOf("a").streams_moved, 0u);
}

}  // namespace
}  // namespace srsproxy
