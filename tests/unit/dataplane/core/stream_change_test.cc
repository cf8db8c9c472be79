#include "dataplane/core/stream_change.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

const StreamKey kKey{"v", "live", "a"};

StreamMapping Mapping(uint32_t publishers = 0, uint32_t viewers = 0) {
  StreamMapping mapping;
  mapping.key = kKey;
  mapping.origin_id = "a";
  mapping.version = 7;
  mapping.publishers = publishers;
  mapping.viewers = viewers;
  return mapping;
}

MoveRequest MoveTo(std::string origin_id) {
  MoveRequest move;
  move.key = kKey;
  move.origin_id = std::move(origin_id);
  move.deadline = absl::FromUnixSeconds(60);
  move.cause = MoveCause::kDrain;
  return move;
}

TEST(StreamChangeTest, AStreamThatNobodyPublishesMoves) {
  auto mapping = Mapping(0, 3);
  mapping.pending = PendingMove{"c"};
  const auto outcome = ForeseeMove(mapping, MoveTo("b"));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->mapping.origin_id, "b");
  EXPECT_EQ(outcome->former_origin_id, "a");
  EXPECT_FALSE(outcome->mapping.pending.has_value());
}

TEST(StreamChangeTest, APublishedStreamWaits) {
  const auto outcome = ForeseeMove(Mapping(1), MoveTo("b"));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->mapping.origin_id, "a");
  EXPECT_EQ(outcome->former_origin_id, "");
  EXPECT_EQ(outcome->mapping.pending,
            (PendingMove{"b", absl::FromUnixSeconds(60), MoveCause::kDrain}));
}

TEST(StreamChangeTest, AMoveToWhereItIsTakesThePendingOneBack) {
  auto mapping = Mapping(1);
  mapping.pending = PendingMove{"b"};
  const auto outcome = ForeseeMove(mapping, MoveTo("a"));
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->mapping.origin_id, "a");
  EXPECT_EQ(outcome->former_origin_id, "");
  EXPECT_FALSE(outcome->mapping.pending.has_value());
}

TEST(StreamChangeTest, OnlyAPendingMoveToElsewhereOutlivesTheJoinWithThePublisher) {
  auto move = MoveTo("b");
  move.to_publisher = true;
  for (const char* pending : {"b", "c"}) {
    auto mapping = Mapping(1);
    mapping.pending = PendingMove{pending};
    const auto outcome = ForeseeMove(mapping, move);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->mapping.origin_id, "b");
    EXPECT_EQ(outcome->former_origin_id, "a");
    EXPECT_EQ(outcome->mapping.pending.has_value(), pending == std::string("c"));
  }
}

TEST(StreamChangeTest, AnotherVersionIsNeitherMovedNorReleased) {
  auto move = MoveTo("b");
  move.expected_version = 6;
  EXPECT_TRUE(absl::IsAborted(ForeseeMove(Mapping(), move).status()));
  EXPECT_TRUE(absl::IsAborted(CheckRelease(Mapping(), {.key = kKey, .expected_version = 6})));
  move.expected_version = 7;
  EXPECT_TRUE(ForeseeMove(Mapping(), move).ok());
  EXPECT_TRUE(CheckRelease(Mapping(), {.key = kKey, .expected_version = 7}).ok());
}

TEST(StreamChangeTest, AMoveEndsViewersOnceItIsDoneAndEverybodyOnceItIsOverdue) {
  const absl::Time deadline = absl::FromUnixSeconds(60);  // Of MoveTo.
  EXPECT_EQ(SessionsToEnd(*ForeseeMove(Mapping(0, 3), MoveTo("b")), deadline), 3u);
  const auto waits = *ForeseeMove(Mapping(1, 3), MoveTo("b"));
  EXPECT_EQ(SessionsToEnd(waits, deadline - absl::Seconds(1)), 0u);
  EXPECT_EQ(SessionsToEnd(waits, deadline), 4u);
  EXPECT_EQ(SessionsToEnd(*ForeseeMove(Mapping(1, 3), MoveTo("a")), deadline), 0u);
}

TEST(StreamChangeTest, OnlyForceReleasesWhatSessionsUse) {
  for (const auto& used : {Mapping(1, 0), Mapping(0, 1)}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(CheckRelease(used, {.key = kKey})));
    EXPECT_TRUE(CheckRelease(used, {.key = kKey, .force = true}).ok());
  }
  EXPECT_TRUE(CheckRelease(Mapping(), {.key = kKey}).ok());
}

}  // namespace
}  // namespace srsproxy
