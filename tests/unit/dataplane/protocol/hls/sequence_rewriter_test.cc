#include "dataplane/protocol/hls/sequence_rewriter.h"

#include <string>

#include <gtest/gtest.h>

namespace srsproxy::hls {
namespace {

Playlist Media(uint64_t sequence, uint64_t segments, uint64_t discontinuity_sequence = 0,
               std::vector<uint64_t> discontinuities = {}) {
  Playlist playlist;
  playlist.kind = PlaylistKind::kMedia;
  playlist.media_sequence = sequence;
  playlist.segments = segments;
  playlist.discontinuity_sequence = discontinuity_sequence;
  playlist.discontinuities = std::move(discontinuities);
  return playlist;
}

// "sequence/discontinuity sequence", and "!" when a discontinuity is added before the first
// segment; "-" for the origin's own numbers.
std::string Rewritten(SequenceRewriter& rewriter, const Playlist& playlist) {
  const auto numbers = rewriter.Next(playlist);
  if (!numbers.has_value()) return "-";
  EXPECT_EQ(numbers->discontinuity_before.value_or(0), 0);
  return std::to_string(numbers->media_sequence) + "/" +
         std::to_string(numbers->discontinuity_sequence) +
         (numbers->discontinuity_before.has_value() ? "!" : "");
}

TEST(SequenceRewriterTest, WithoutAMoveTheNumbersAreTheOrigins) {
  SequenceRewriter rewriter;
  EXPECT_EQ(Rewritten(rewriter, Media(0, 0)), "-");
  EXPECT_EQ(Rewritten(rewriter, Media(10, 3)), "-");
  EXPECT_EQ(Rewritten(rewriter, Media(11, 3)), "-");
  EXPECT_EQ(Rewritten(rewriter, Media(2, 3)), "-")
      << "what an origin does on its own is its affair";
  EXPECT_FALSE(rewriter.moved());
}

TEST(SequenceRewriterTest, AMoveBeforeTheFirstPlaylistIsNone) {
  SequenceRewriter rewriter;
  EXPECT_EQ(Rewritten(rewriter, Media(50, 0)), "-");
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(10, 3)), "-");
  EXPECT_FALSE(rewriter.moved());
}

TEST(SequenceRewriterTest, TheNewOriginFollowsWhatThePlayerHad) {
  SequenceRewriter rewriter;
  EXPECT_EQ(Rewritten(rewriter, Media(100, 5)), "-");
  rewriter.OriginChanged();
  EXPECT_TRUE(rewriter.moved());
  EXPECT_EQ(Rewritten(rewriter, Media(3, 2)), "105/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(3, 2)), "105/0!") << "the same poll again";
  EXPECT_EQ(Rewritten(rewriter, Media(3, 3)), "105/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(4, 3)), "106/1") << "the first segment has left";
  EXPECT_EQ(Rewritten(rewriter, Media(9, 3)), "111/1");
  EXPECT_TRUE(rewriter.moved());
}

TEST(SequenceRewriterTest, HigherNumbersAreContinuedToo) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(0, 3));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(5000, 3)), "3/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(5001, 3)), "4/1");
}

TEST(SequenceRewriterTest, ADiscontinuityOfTheOriginsOwnIsNotDoubled) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(0, 3, 4, {1}));
  rewriter.OriginChanged();
  // The player was told 4 + 1 of the last segment; the next one is 6.
  EXPECT_EQ(Rewritten(rewriter, Media(0, 2, 0, {0})), "3/5");
  EXPECT_EQ(Rewritten(rewriter, Media(0, 3, 0, {0, 2})), "3/5");
  EXPECT_EQ(Rewritten(rewriter, Media(1, 3, 1, {1})), "4/6");
  EXPECT_EQ(Rewritten(rewriter, Media(3, 3, 2)), "6/7");
}

TEST(SequenceRewriterTest, TheOriginsDiscontinuitiesGoOnBeingCounted) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(0, 3));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(0, 3, 9, {2})), "3/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(1, 3, 9, {1})), "4/1");
  EXPECT_EQ(Rewritten(rewriter, Media(3, 3, 10)), "6/2");
}

TEST(SequenceRewriterTest, RepeatedMovesStack) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(10, 3));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(0, 3)), "13/0!");
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(70, 3)), "16/1!");
  rewriter.OriginChanged();
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(1, 3)), "19/2!");
  EXPECT_EQ(Rewritten(rewriter, Media(2, 3)), "20/3");
}

TEST(SequenceRewriterTest, AnEmptyPlaylistOfTheNewOriginSettlesNothing) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(10, 3, 2));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(0, 0)), "13/2!");
  EXPECT_EQ(Rewritten(rewriter, Media(4, 2)), "13/2!");
  EXPECT_EQ(Rewritten(rewriter, Media(5, 2)), "14/3");
}

TEST(SequenceRewriterTest, AfterAMoveAnOriginThatStartsAnewIsContinued) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(10, 3));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(50, 3)), "13/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(0, 0)), "16/1!");
  EXPECT_EQ(Rewritten(rewriter, Media(0, 1)), "16/1!");
}

TEST(SequenceRewriterTest, SegmentsThatWerePassedOverLeaveAGap) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(10, 3));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(0, 3)), "13/0!");
  EXPECT_EQ(Rewritten(rewriter, Media(30, 3)), "43/1");
}

TEST(SequenceRewriterTest, SkippedSegmentsCount) {
  SequenceRewriter rewriter;
  Playlist delta = Media(100, 40, 2);
  delta.skipped = 30;
  Rewritten(rewriter, Media(90, 40, 1, {5}));
  EXPECT_EQ(Rewritten(rewriter, delta), "-");
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(0, 3)), "140/2!");
  delta = Media(0, 20);
  delta.skipped = 15;
  EXPECT_EQ(Rewritten(rewriter, delta), "140/2!");
  delta.media_sequence = 1;
  EXPECT_EQ(Rewritten(rewriter, delta), "141/3");
}

TEST(SequenceRewriterTest, NumbersAtTheEndOfTheirRangeBreakNothing) {
  SequenceRewriter rewriter;
  Rewritten(rewriter, Media(UINT64_MAX, 3, UINT64_MAX));
  rewriter.OriginChanged();
  EXPECT_EQ(Rewritten(rewriter, Media(UINT64_MAX, 3)), "2/18446744073709551615!");
  EXPECT_EQ(Rewritten(rewriter, Media(7, 3)), "5/0!");
}

}  // namespace
}  // namespace srsproxy::hls
