// The table as it shows what a shared store decides.
#include <memory>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/stream_table.h"
#include "tests/support/departures.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Recorder final : public StreamObserver {
 public:
  void OnStreamEvent(const StreamEvent& event) override {
    static constexpr const char* kNames[] = {"placed", "changed", "removed"};
    events.push_back(absl::StrCat(kNames[static_cast<int>(event.kind)], " ",
                                  event.mapping.origin_id, event.here ? "" : " elsewhere"));
  }
  void OnLoadChange(std::string_view, int change) override { load += change; }
  std::vector<std::string> Take() { return std::exchange(events, {}); }

  std::vector<std::string> events;
  int load = 0;
};

class StreamTableRecordsTest : public testing::Test {
 protected:
  ~StreamTableRecordsTest() override { table_->Stop(); }

  StreamRecord Record(const std::string& origin, uint64_t version, uint64_t revision = 1) const {
    StreamRecord record;
    record.key = key_;
    record.origin_id = origin;
    record.version = record.placed_version = version;
    record.revision = revision;
    record.flows = record.fed = record.retain_when_idle = true;
    return record;
  }
  static StreamChange Change(StreamEventReason reason, bool here = false) {
    return {.reason = reason, .here = here};
  }
  static StreamChange Removal(StreamEventReason reason) {
    return {.reason = reason, .removed = true, .here = false};
  }
  std::optional<ClaimOutcome> Join(uint64_t replaces = 0) {
    auto joined = table_->JoinKnown({.key = key_, .origin_id = "x", .replaces_version = replaces});
    if (!joined.has_value()) return std::nullopt;
    return std::move(joined->outcome);
  }
  ClaimOutcome Publish(const StreamRecord& record) {
    auto outcome = table_->JoinRecord(
        {.key = key_, .origin_id = record.origin_id, .role = Role::kPublisher}, record, true, {});
    return *std::move(outcome);
  }

  const FakeClock clock_;
  const std::shared_ptr<StreamTable> table_ =
      std::make_shared<StreamTable>(clock_, 3, StreamTable::Decides::kStore);
  Recorder recorder_;
  const Subscription subscription_ = table_->Subscribe(recorder_);
  const StreamKey key_{"v.com", "live", "cam"};
};

TEST_F(StreamTableRecordsTest, ShowsTheLaterOfTwo) {
  table_->Apply(Record("b", 7, 2), Change(StreamEventReason::kMoved));
  table_->Apply(Record("a", 7, 1), Change(StreamEventReason::kToBePublished));
  table_->Apply(Record("a", 6, 9), Change(StreamEventReason::kPublisherLive));
  EXPECT_EQ(table_->Find(key_)->origin_id, "b");
  EXPECT_EQ(table_->CountsOf("a").streams, 0u);
  table_->Apply(Record("c", 8, 1), Change(StreamEventReason::kMoved));
  EXPECT_EQ(table_->Find(key_)->origin_id, "c");
}

TEST_F(StreamTableRecordsTest, NotifiesOfEachChangeAsItWas) {
  table_->Apply(Record("a", 7), {});
  EXPECT_EQ(table_->Find(key_), std::nullopt) << "the feed brings it";
  table_->Apply(Record("a", 7), Change(StreamEventReason::kToBePublished, /*here=*/true));
  table_->Apply(Record("b", 9), {});
  table_->Apply(Record("a", 7, 2), Change(StreamEventReason::kPublisherLive));
  table_->Apply(Record("b", 9), Change(StreamEventReason::kMoved));
  EXPECT_THAT(recorder_.Take(),
              ElementsAre("placed a", "changed a elsewhere", "changed b elsewhere"));
  EXPECT_EQ(table_->Find(key_)->origin_id, "b");
  table_->Apply(Record("b", 9, 2), Removal(StreamEventReason::kReleased));
  EXPECT_THAT(recorder_.Take(), ElementsAre("removed b elsewhere"));
  EXPECT_EQ(table_->Find(key_), std::nullopt);
}

TEST_F(StreamTableRecordsTest, NobodyIsNotifiedOfTheEndOfWhatNobodyKnew) {
  table_->Apply(Record("a", 7), Removal(StreamEventReason::kEvicted));
  EXPECT_THAT(recorder_.Take(), IsEmpty());
}

TEST_F(StreamTableRecordsTest, ViewersJoinWhatFlows) {
  EXPECT_FALSE(Join().has_value()) << "nothing is known";
  StreamRecord record = Record("a", 7);
  record.flows = false;
  table_->Apply(record, Change(StreamEventReason::kToBePublished));
  EXPECT_FALSE(Join().has_value()) << "provisional";
  table_->Apply(Record("a", 7, 2), {});
  EXPECT_FALSE(Join(/*replaces=*/7).has_value());
  const auto joined = Join(/*replaces=*/6);
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->mapping.viewers, 1u);
  EXPECT_FALSE(
      table_->JoinKnown({.key = key_, .origin_id = "a", .role = Role::kPublisher}).has_value());
}

TEST_F(StreamTableRecordsTest, SumsUpWhatSessionsHereAre) {
  EXPECT_EQ(table_->UseOf(key_), StreamUse{});
  auto publisher = Publish(Record("a", 7));
  const auto viewer = Join();
  EXPECT_EQ(table_->UseOf(key_), (StreamUse{.publishers = 1, .sessions = 2}));
  publisher.hold->MarkLive();
  EXPECT_EQ(table_->UseOf(key_),
            (StreamUse{.publishers = 1, .live_publishers = 1, .sessions = 2, .live_origin = "a"}));
  publisher.hold.reset();
  EXPECT_EQ(table_->UseOf(key_), (StreamUse{.sessions = 1}));
}

TEST_F(StreamTableRecordsTest, LoadIsWhatAnybodyUses) {
  StreamRecord record = Record("a", 7);
  table_->Apply(record, Change(StreamEventReason::kPublisherEnded));
  EXPECT_EQ(recorder_.load, 0);
  record.used = record.live = true;
  record.revision = 2;
  table_->Apply(record, {});
  EXPECT_EQ(recorder_.load, 1);
  EXPECT_EQ(table_->CountsOf("a").live_publishers, 1u);
  EXPECT_TRUE(table_->Find(key_)->in_use());
  {
    const auto joined = Join();
    EXPECT_EQ(recorder_.load, 1);
    record.used = record.live = false;
    record.revision = 3;
    table_->Apply(record, {});
    EXPECT_EQ(recorder_.load, 1) << "this proxy's viewer";
    EXPECT_EQ(table_->CountsOf("a").live_publishers, 0u);
  }
  EXPECT_EQ(recorder_.load, 0);
  EXPECT_EQ(table_->in_use(), 0u);
  EXPECT_TRUE(table_->Find(key_).has_value()) << "only the store removes it";
}

TEST_F(StreamTableRecordsTest, APublisherIsLostToOneThatIsAcceptedElsewhere) {
  auto here = Publish(Record("a", 7));
  absl::Status lost;
  here.hold->WhenLost([&](const absl::Status& why) { lost = why; });
  here.hold->MarkLive();
  table_->Apply(Record("b", 9), Change(StreamEventReason::kMoved));
  EXPECT_TRUE(lost.ok()) << "it is live where it is";
  EXPECT_EQ(table_->PlacementOf(key_).origin_id, "a");
  table_->EndStrays(key_);
  EXPECT_TRUE(absl::IsAborted(lost)) << lost;
  EXPECT_EQ(table_->UseOf(key_), (StreamUse{.publishers = 1, .sessions = 1})) << "live no more";
}

TEST_F(StreamTableRecordsTest, WhatSessionsUseIsShownOnUnlessItWasReleased) {
  const auto publisher = Publish(Record("a", 7));
  EXPECT_TRUE(table_->Apply(Record("a", 7, 2), Removal(StreamEventReason::kEvicted)));
  EXPECT_EQ(table_->Find(key_)->origin_id, "a");
  EXPECT_EQ(table_->UseOf(key_).publishers, 1u);
  EXPECT_TRUE(table_->Apply(Record("a", 7, 3), Removal(StreamEventReason::kReleased)));
  EXPECT_EQ(table_->Find(key_), std::nullopt);
  EXPECT_EQ(table_->UseOf(key_), StreamUse{}) << "it counts nowhere";
}

TEST_F(StreamTableRecordsTest, CopiesThatNobodyUsesGiveWay) {
  for (int i = 0; i < 5; ++i) {
    StreamRecord record = Record("a", 7);
    record.key.stream = absl::StrCat(i);
    table_->Apply(record, Change(StreamEventReason::kPublisherEnded));
  }
  EXPECT_EQ(table_->size(), 3u);
  EXPECT_EQ(table_->Find({"v.com", "live", "1"}), std::nullopt);
  EXPECT_TRUE(table_->Find({"v.com", "live", "4"}).has_value());
  EXPECT_THAT(recorder_.Take(),
              ElementsAre("placed a elsewhere", "placed a elsewhere", "placed a elsewhere",
                          "removed a", "placed a elsewhere", "removed a", "placed a elsewhere"));
}

TEST_F(StreamTableRecordsTest, WhatIsReadAnewReplacesWhatWasShown) {
  StreamRecord other = Record("a", 7);
  other.key.stream = "other";
  table_->BeginRefresh();
  table_->Refresh(Record("a", 7), /*silent=*/true);
  table_->Refresh(other, /*silent=*/true);
  EXPECT_THAT(table_->ForgetUnseen(), IsEmpty());
  EXPECT_THAT(recorder_.Take(), IsEmpty());

  const auto joined = Join();
  table_->BeginRefresh();
  table_->Refresh(other, /*silent=*/false);
  EXPECT_THAT(recorder_.Take(), IsEmpty()) << "it is as it was";
  EXPECT_THAT(table_->ForgetUnseen(), ElementsAre(key_));
  EXPECT_THAT(recorder_.Take(), ElementsAre("removed a elsewhere"));
  EXPECT_TRUE(table_->Find(key_).has_value()) << "sessions here use it";

  table_->BeginRefresh();
  table_->Refresh(other, /*silent=*/false);
  table_->Refresh(Record("b", 3), /*silent=*/false);
  EXPECT_THAT(recorder_.Take(), ElementsAre("placed b elsewhere"));
  EXPECT_EQ(table_->Find(key_)->origin_id, "b") << "of a history that began anew";
  EXPECT_THAT(table_->ForgetUnseen(), IsEmpty());
  EXPECT_EQ(table_->size(), 2u);
}

// Whose moves are in no feed.
TEST_F(StreamTableRecordsTest, ViewersOfAProvisionalRecordFollowIt) {
  Departures departures;
  const Subscription subscription = table_->Subscribe(departures);
  const auto provisional = [&](const std::string& origin, uint64_t version) {
    StreamRecord record = Record(origin, version);
    record.flows = record.fed = record.retain_when_idle = false;
    return record;
  };
  const auto viewer =
      table_->JoinRecord({.key = key_, .origin_id = "a"}, provisional("a", 7), true, {});
  for (int i = 0; i < 2; ++i) table_->Apply(provisional("b", 9), {});
  EXPECT_THAT(departures.seen(), ElementsAre("a>b")) << "its own answer shows it";
  table_->Apply(provisional("a", 7), {});
  // Placed anew, and then published there.
  table_->Apply(Record("c", 11), {});
  EXPECT_THAT(departures.seen(), ElementsAre("a>b")) << "the feed is to tell";
  table_->Apply(Record("c", 11), Change(StreamEventReason::kToBePublished));
  table_->Apply(Record("c", 11, 2), Change(StreamEventReason::kPublisherLive));
  EXPECT_THAT(departures.seen(), ElementsAre("a>b", "b>c"));
  table_->Apply(Record("d", 13), Change(StreamEventReason::kPublisherLive));
  EXPECT_THAT(departures.seen(), ElementsAre("a>b", "b>c", "c>d")) << "nothing was shown before";
  table_->Apply(Record("c", 11, 3), Change(StreamEventReason::kPublisherEnded));
  EXPECT_EQ(departures.seen().size(), 3u) << "that is of before";
}

TEST_F(StreamTableRecordsTest, ViewersWithinWhatIsCoveredTellNobody) {
  table_->Apply(Record("a", 7), Change(StreamEventReason::kPublisherLive));
  const ClaimRequest request{.key = key_, .origin_id = "x"};
  auto first = table_->JoinKnown(request);
  EXPECT_FALSE(first->covered) << "nothing is";
  table_->SetCovered(key_, {.from = 1, .to = 2});
  auto second = table_->JoinKnown(request);
  EXPECT_TRUE(second->covered);
  auto third = table_->JoinKnown(request);
  EXPECT_FALSE(third->covered);
  const auto end = [](std::optional<StreamTable::KnownClaim>& claim) {
    return static_cast<TableHold&>(*claim->outcome.hold).End();
  };
  EXPECT_EQ(end(third), std::nullopt) << "two are left";
  EXPECT_EQ(end(third), std::nullopt) << "it has ended";
  EXPECT_EQ(end(second), std::nullopt) << "one is left";
  EXPECT_EQ(end(first), key_);
}

TEST_F(StreamTableRecordsTest, NothingIsCoveredOnceTheRecordHasGone) {
  table_->Apply(Record("a", 7), Change(StreamEventReason::kPublisherLive));
  auto viewer = table_->JoinKnown({.key = key_, .origin_id = "x"});
  table_->SetCovered(key_, {.from = 1, .to = 8});
  table_->Apply(Record("a", 7, 2), Removal(StreamEventReason::kReleased));
  table_->Apply(Record("a", 9), Change(StreamEventReason::kPublisherLive));
  EXPECT_FALSE(table_->JoinKnown({.key = key_, .origin_id = "x"})->covered);
}

}  // namespace
}  // namespace srsproxy
