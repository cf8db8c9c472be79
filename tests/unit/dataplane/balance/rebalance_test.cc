#include "dataplane/balance/rebalance.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr RebalanceLimits kUnlimited{.max_kicked = 1'000'000'000, .max_moves = 1'000'000'000};

// Origins with streams on them; applies plans to itself.
class Fleet {
 public:
  Origin& AddOrigin(const std::string& id, double weight = 1) {
    auto origin = std::make_shared<Origin>();
    origin->id = id;
    origin->registration.server = id;
    origin->registration.rtmp = {{Transport::kTcp, "", 1935}};
    origin->weight = weight;
    snapshot_->origins.push_back(origin);
    return *origin;
  }

  StreamMapping& AddStream(const std::string& origin, uint32_t viewers = 1, uint32_t publishers = 0,
                           const std::string& app = "live") {
    StreamMapping mapping;
    mapping.key = {"v.com", app, absl::StrCat("stream-", 100'000 + streams.size())};
    mapping.origin_id = origin;
    mapping.version = streams.size() + 1;
    mapping.viewers = viewers;
    mapping.publishers = publishers;
    mapping.publisher_live = publishers > 0;
    streams.push_back(mapping);
    return streams.back();
  }
  void AddStreams(int count, const std::string& origin, uint32_t viewers = 1,
                  uint32_t publishers = 0) {
    for (int i = 0; i < count; ++i) AddStream(origin, viewers, publishers);
  }

  RebalancePlan Plan(const RebalanceLimits& limits = kUnlimited) const {
    RebalanceSurvey survey(snapshot_, options);
    for (const StreamMapping& stream : streams) {
      const auto pin = pins.find(stream.key);
      survey.Add(stream, pin == pins.end() ? std::nullopt : std::optional(pin->second));
    }
    return survey.Plan(limits);
  }

  // What the moves leave behind: sessions that were ended come back.
  void Apply(const RebalancePlan& plan) {
    std::map<StreamKey, const PlannedMove*> moves;
    for (const PlannedMove& move : plan.moves) moves[move.key] = &move;
    for (StreamMapping& stream : streams) {
      const auto move = moves.find(stream.key);
      if (move == moves.end()) continue;
      EXPECT_EQ(stream.origin_id, move->second->from_origin_id);
      EXPECT_EQ(stream.version, move->second->version);
      stream.origin_id = move->second->to_origin_id;
    }
  }

  // Of streams in use.
  std::map<std::string, uint64_t> Counts() const {
    std::map<std::string, uint64_t> counts;
    for (const StreamMapping& stream : streams) {
      if (stream.in_use()) ++counts[stream.origin_id];
    }
    return counts;
  }

  PlacementOptions options;
  std::vector<StreamMapping> streams;
  std::map<StreamKey, std::string> pins;

 private:
  std::shared_ptr<OriginSnapshot> snapshot_ = std::make_shared<OriginSnapshot>();
};

std::vector<uint64_t> After(const RebalancePlan& plan) {
  std::vector<uint64_t> streams;
  for (const OriginShare& share : plan.shares) streams.push_back(share.streams_after);
  return streams;
}

TEST(RebalanceTest, NothingToDo) {
  Fleet fleet;
  EXPECT_THAT(fleet.Plan().shares, IsEmpty());
  fleet.AddOrigin("a");
  fleet.AddOrigin("b");
  const RebalancePlan empty = fleet.Plan();
  EXPECT_EQ(empty.shares.size(), 2u);
  EXPECT_EQ(empty.imbalance_before, 0);
  fleet.AddStreams(3, "a");
  fleet.AddStreams(2, "b");
  const RebalancePlan plan = fleet.Plan();
  EXPECT_THAT(plan.moves, IsEmpty());
  EXPECT_DOUBLE_EQ(plan.imbalance_before, 0.2);
  EXPECT_DOUBLE_EQ(plan.imbalance_after, 0.2);
}

TEST(RebalanceTest, GivesEachItsFairShare) {
  Fleet fleet;
  fleet.AddOrigin("a", 1);
  fleet.AddOrigin("b", 2);
  fleet.AddOrigin("c", 1);
  fleet.AddStreams(8, "a");
  const RebalancePlan plan = fleet.Plan();
  EXPECT_THAT(After(plan), ElementsAre(2, 4, 2));
  EXPECT_EQ(plan.moves.size(), 6u);
  EXPECT_DOUBLE_EQ(plan.imbalance_before, 3);
  EXPECT_DOUBLE_EQ(plan.imbalance_after, 0);
  EXPECT_DOUBLE_EQ(plan.shares[1].streams_fair, 4);
  EXPECT_EQ(plan.shares[0].streams_before, 8u);
  EXPECT_EQ(plan.moves[0].from_origin_id, "a");
  EXPECT_EQ(plan.moves[0].to_origin_id, "b");
  EXPECT_EQ(plan.sessions_kicked, 6u);
  EXPECT_EQ(plan.held_by_sessions, 0u);
}

// 3, 2 and 1 live streams, 16, 26 and 18 known ones.
TEST(RebalanceTest, NamesThatNobodyUsesWeighNothing) {
  Fleet fleet;
  for (const char* id : {"a", "b", "c"}) fleet.AddOrigin(id);
  fleet.AddStreams(13, "a", 0);
  fleet.AddStreams(24, "b", 0);
  fleet.AddStreams(17, "c", 0);
  fleet.AddStreams(3, "a", 0, 1);
  fleet.AddStreams(2, "b", 0, 1);
  fleet.AddStreams(1, "c", 0, 1);
  const RebalancePlan plan = fleet.Plan();
  EXPECT_DOUBLE_EQ(plan.imbalance_before, 0.5);
  ASSERT_EQ(plan.moves.size(), 1u);
  EXPECT_TRUE(plan.moves[0].publisher_live);
  EXPECT_EQ(plan.moves[0].from_origin_id, "a");
  EXPECT_EQ(plan.moves[0].to_origin_id, "c");
  EXPECT_THAT(After(plan), ElementsAre(2, 2, 2));
  EXPECT_THAT(fleet.Plan({.max_kicked = 0}).moves, IsEmpty());
}

TEST(RebalanceTest, OnlyOriginsThatTakeMovesCount) {
  Fleet fleet;
  fleet.AddOrigin("a");
  fleet.AddOrigin("b").admin_state = AdminState::kCordoned;
  fleet.AddOrigin("c").down = true;
  fleet.AddOrigin("d").health = OriginHealth::kSuspect;
  fleet.AddOrigin("e").admin_state = AdminState::kDraining;
  fleet.AddOrigin("f");
  fleet.AddStreams(4, "a");
  for (const char* other : {"b", "c", "d", "e", "gone"}) fleet.AddStreams(100, other);
  const RebalancePlan plan = fleet.Plan();
  EXPECT_THAT(After(plan), ElementsAre(2, 2));
  EXPECT_EQ(plan.shares[1].origin_id, "f");
  EXPECT_EQ(plan.moves.size(), 2u);
}

TEST(RebalanceTest, EndsSessionsOnlyAsFarAsAllowed) {
  Fleet fleet;
  fleet.AddOrigin("a");
  fleet.AddOrigin("b");
  fleet.AddStream("a", 0);       // 0: used by nobody: no load.
  fleet.AddStream("a", 7);       // 1: viewers wait for a publisher.
  fleet.AddStream("a", 2, 1);    // 2: published.
  fleet.AddStream("a", 0, 1);    // 3: published, not seen.
  fleet.AddStream("a", 3);       // 4
  fleet.AddStream("a", 100, 1);  // 5
  fleet.AddStreams(2, "a", 50, 1);
  const auto moved = [&](uint32_t max_kicked) {
    const RebalancePlan plan = fleet.Plan({.max_kicked = max_kicked, .max_moves = 100});
    EXPECT_LE(plan.sessions_kicked, max_kicked);
    std::vector<size_t> streams;
    uint32_t kicked = 0;
    for (const PlannedMove& move : plan.moves) {
      streams.push_back(move.version - 1);
      kicked += move.sessions_kicked;
    }
    EXPECT_EQ(kicked, plan.sessions_kicked);
    EXPECT_EQ(plan.moves.size() + plan.held_by_sessions, 3u);
    return streams;
  };
  EXPECT_THAT(moved(0), ElementsAre());
  EXPECT_THAT(moved(1), ElementsAre(3));
  EXPECT_THAT(moved(3), ElementsAre(4)) << "without a publisher first";
  EXPECT_THAT(moved(9), ElementsAre(4, 3, 2));
  EXPECT_THAT(moved(10), ElementsAre(4, 1));
  EXPECT_THAT(moved(11), ElementsAre(4, 1, 3));
  const RebalancePlan plan = fleet.Plan({.max_kicked = 9, .max_moves = 100});
  EXPECT_TRUE(plan.moves[1].publisher_live);
  EXPECT_FALSE(plan.moves[0].publisher_live);
}

TEST(RebalanceTest, PinsAndRulesAndPendingMovesAreKept) {
  Fleet fleet;
  fleet.AddOrigin("a");
  fleet.AddOrigin("b");
  fleet.AddOrigin("c").labels = {{"disk", "ssd"}};
  fleet.options.rules = {PlacementRule::Parse("v.com/archive -> disk=ssd").value()};
  for (int i = 0; i < 6; ++i) fleet.pins[fleet.AddStream("a").key] = "a";
  for (int i = 0; i < 6; ++i) fleet.pins[fleet.AddStream("a").key] = "b";
  for (int i = 0; i < 6; ++i) fleet.AddStream("a", 1, 0, "archive");
  fleet.AddStream("a").pending = PendingMove{"c"};
  std::map<std::string, std::set<std::string>> went;
  for (const PlannedMove& move : fleet.Plan(kUnlimited).moves) {
    EXPECT_FALSE(fleet.streams[move.version - 1].pending.has_value());
    const auto pin = fleet.pins.find(move.key);
    went[pin != fleet.pins.end() ? "pin " + pin->second : move.key.app].insert(move.to_origin_id);
  }
  EXPECT_THAT(went, ElementsAre(testing::Pair("archive", ElementsAre("c")),
                                testing::Pair("pin b", ElementsAre("b"))));
}

TEST(RebalanceTest, StaysInTheZoneWhenZonesMatter) {
  Fleet fleet;
  for (const char* id : {"a", "b", "c", "d"}) {
    fleet.AddOrigin(id).zone = id[0] < 'c' ? "eu" : "us";
  }
  fleet.AddStreams(10, "a");
  fleet.AddStreams(2, "c");
  EXPECT_THAT(After(fleet.Plan()), ElementsAre(3, 3, 3, 3));
  fleet.options.zone = "eu";
  const RebalancePlan plan = fleet.Plan();
  EXPECT_THAT(After(plan), ElementsAre(5, 5, 1, 1));
  EXPECT_DOUBLE_EQ(plan.imbalance_after, 0);
}

TEST(RebalanceTest, StreamsOfASupersededOriginAreItsSuccessors) {
  auto snapshot = std::make_shared<OriginSnapshot>();
  for (const char* id : {"a-2", "b"}) {
    auto origin = std::make_shared<Origin>();
    origin->id = id;
    snapshot->origins.push_back(origin);
  }
  snapshot->successors =
      std::make_shared<OriginSuccessors>(OriginSuccessors{{"a-1", {"a-2"}}, {"z-1", {"z-2"}}});
  RebalanceSurvey survey(snapshot, {});
  for (int i = 0; i < 4; ++i) {
    StreamMapping mapping;
    mapping.key = {"v.com", "live", std::to_string(i)};
    mapping.origin_id = i < 3 ? "a-1" : "z-1";
    mapping.viewers = 1;
    survey.Add(mapping, std::nullopt);
  }
  const RebalancePlan plan = survey.Plan(kUnlimited);
  EXPECT_EQ(plan.shares[0].streams_before, 3u);
  EXPECT_THAT(After(plan), ElementsAre(2, 1));
}

// ---- Properties, over random fleets

Fleet RandomFleet(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  Fleet fleet;
  const size_t origins = 1 + below(12);
  for (size_t i = 0; i < origins; ++i) {
    Origin& origin = fleet.AddOrigin(absl::StrCat("origin-", i + 10),
                                     std::vector<double>{1, 1, 1, 0.5, 2, 3.7}[below(6)]);
    if (below(5) == 0) origin.labels = {{"disk", "ssd"}};
    origin.zone = below(2) == 0 ? "eu" : "us";
    if (below(10) == 0) origin.admin_state = AdminState::kCordoned;
  }
  if (below(3) == 0) fleet.options.zone = "eu";
  if (below(2) == 0) {
    fleet.options.rules = {PlacementRule::Parse("v.com/archive -> disk=ssd").value(),
                           PlacementRule::Parse("v.com/eu -> zone=eu").value()};
  }
  const char* const apps[] = {"live", "archive", "eu"};
  const size_t streams = below(200);
  for (size_t i = 0; i < streams; ++i) {
    const uint64_t kind = below(4);
    // Few origins have most of the streams.
    const std::string origin = absl::StrCat("origin-", 10 + below(1 + below(origins)));
    const StreamMapping& stream = fleet.AddStream(
        origin, kind > 0 ? static_cast<uint32_t>(below(9)) : 0, kind > 2 ? 1 : 0, apps[below(3)]);
    if (below(20) == 0) {
      fleet.pins[stream.key] = absl::StrCat("origin-", 10 + below(origins));
    }
  }
  return fleet;
}

class RebalancePropertyTest : public testing::TestWithParam<uint64_t> {};

TEST_P(RebalancePropertyTest, PlansAreWithinTheirLimitsAndNeverMakeItWorse) {
  for (uint64_t round = 0; round < 50; ++round) {
    const uint64_t seed = GetParam() * 1000 + round;
    SCOPED_TRACE(seed);
    const Fleet fleet = RandomFleet(seed);
    for (const RebalanceLimits& limits :
         {RebalanceLimits{}, RebalanceLimits{.max_kicked = 10, .max_moves = 20},
          RebalanceLimits{.max_kicked = 1000, .max_moves = 3}, kUnlimited}) {
      const RebalancePlan plan = fleet.Plan(limits);
      EXPECT_LE(plan.moves.size(), limits.max_moves);
      EXPECT_LE(plan.sessions_kicked, limits.max_kicked);
      EXPECT_LE(plan.imbalance_after, plan.imbalance_before + 1e-9);
      uint64_t before = 0;
      uint64_t after = 0;
      for (const OriginShare& share : plan.shares) {
        before += share.streams_before;
        after += share.streams_after;
      }
      EXPECT_EQ(before, after);
      std::set<StreamKey> moved;
      for (const PlannedMove& move : plan.moves) {
        EXPECT_TRUE(moved.insert(move.key).second) << "one move for each stream";
        EXPECT_NE(move.from_origin_id, move.to_origin_id);
        const auto pin = fleet.pins.find(move.key);
        if (pin == fleet.pins.end()) continue;
        EXPECT_EQ(move.to_origin_id, pin->second);
      }

      Fleet applied = fleet;
      applied.Apply(plan);
      const auto counts = applied.Counts();
      for (const OriginShare& share : plan.shares) {
        const auto count = counts.find(share.origin_id);
        EXPECT_EQ(share.streams_after, count == counts.end() ? 0 : count->second);
      }
    }
  }
}

TEST_P(RebalancePropertyTest, NothingIsLeftToPlanAfterwards) {
  for (uint64_t round = 0; round < 50; ++round) {
    const uint64_t seed = GetParam() * 1000 + round;
    SCOPED_TRACE(seed);
    Fleet fleet = RandomFleet(seed);
    for (const uint32_t max_kicked : {0u, kUnlimited.max_kicked}) {
      const RebalanceLimits limits{.max_kicked = max_kicked, .max_moves = 1'000'000};
      fleet.Apply(fleet.Plan(limits));
      EXPECT_THAT(fleet.Plan(limits).moves, IsEmpty());
    }
  }
}

TEST_P(RebalancePropertyTest, WithoutRestrictionsNoneGetsAStreamLessThanItsShare) {
  for (uint64_t round = 0; round < 50; ++round) {
    const uint64_t seed = GetParam() * 1000 + round;
    SCOPED_TRACE(seed);
    Fleet fleet = RandomFleet(seed);
    fleet.options = {};
    fleet.pins.clear();
    for (const OriginShare& share : fleet.Plan(kUnlimited).shares) {
      EXPECT_GT(static_cast<double>(share.streams_after), share.streams_fair - 1);
    }
  }
}

TEST_P(RebalancePropertyTest, IsAFunctionOfItsInputs) {
  const Fleet fleet = RandomFleet(GetParam());
  const RebalancePlan one = fleet.Plan({.max_kicked = 50, .max_moves = 100});
  const RebalancePlan other = fleet.Plan({.max_kicked = 50, .max_moves = 100});
  ASSERT_EQ(one.moves.size(), other.moves.size());
  for (size_t i = 0; i < one.moves.size(); ++i) {
    EXPECT_EQ(one.moves[i].key, other.moves[i].key);
    EXPECT_EQ(one.moves[i].to_origin_id, other.moves[i].to_origin_id);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RebalancePropertyTest, testing::Range<uint64_t>(1, 9));

TEST(RebalanceTest, PlansForAHundredThousandStreams) {
  Fleet fleet;
  for (int i = 0; i < 100; ++i) fleet.AddOrigin(absl::StrCat("origin-", i + 100), 1 + i % 3);
  for (int i = 0; i < 100'000; ++i) {
    fleet.AddStream(absl::StrCat("origin-", 100 + i % (1 + i % 100)), static_cast<uint32_t>(i % 5),
                    i % 7 == 0 ? 1 : 0);
  }
  const RebalancePlan plan = fleet.Plan({.max_kicked = 20'000, .max_moves = 50'000});
  EXPECT_GT(plan.moves.size(), 1000u);
  EXPECT_LE(plan.sessions_kicked, 20'000u);
  EXPECT_LT(plan.imbalance_after, plan.imbalance_before);
}

}  // namespace
}  // namespace srsproxy
