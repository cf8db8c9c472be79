#include "dataplane/directory/redis/feed_entry.h"

#include <string>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

struct Entry {
  Entry(std::string token, int number_arg)
      : history(std::move(token)), number(absl::StrCat(number_arg)) {}
  bool AdvancedBy(FeedPosition& position) const {
    const Reply::Field fields[] = {{"history", history}, {"number", number}};
    return position.Advance({.kind = "stream", .fields = fields});
  }
  std::string history;
  std::string number;
};

TEST(FeedPositionTest, EntriesAreNumberedWithoutGaps) {
  FeedPosition position;
  position.Reset("h");
  EXPECT_TRUE(Entry("h", 7).AdvancedBy(position)) << "the first may be any";
  EXPECT_TRUE(Entry("h", 8).AdvancedBy(position));
  EXPECT_FALSE(Entry("h", 8).AdvancedBy(position)) << "again";
  EXPECT_FALSE(Entry("h", 10).AdvancedBy(position)) << "one was missed";
  EXPECT_FALSE(Entry("other", 9).AdvancedBy(position)) << "another history";
  EXPECT_EQ(position.number(), 8u);
}

TEST(FeedPositionTest, AHistoryThatBeginsIsTaken) {
  FeedPosition position;
  position.Reset("");
  EXPECT_TRUE(Entry("h", 1).AdvancedBy(position));
  EXPECT_EQ(position.history(), "h");
  EXPECT_FALSE(Entry("other", 2).AdvancedBy(position));
}

TEST(FeedPositionTest, AnEntryWithoutANumberIsNone) {
  FeedPosition position;
  position.Reset("h");
  EXPECT_FALSE(position.Advance({.kind = "stream", .fields = {}}));
}

TEST(FeedPositionTest, EntriesThatAreGoneAreSeenTheSecondTime) {
  FeedPosition position;
  position.Reset("h");
  EXPECT_FALSE(position.IsBehindAgain("3")) << "nothing has been read yet";
  EXPECT_TRUE(Entry("h", 3).AdvancedBy(position));
  EXPECT_FALSE(position.IsBehindAgain("3"));
  EXPECT_FALSE(position.IsBehindAgain("4")) << "it has just been written";
  EXPECT_TRUE(position.IsBehindAgain("4"));
  EXPECT_TRUE(Entry("h", 4).AdvancedBy(position));
  EXPECT_FALSE(position.IsBehindAgain("5"));
}

}  // namespace
}  // namespace srsproxy::redis
