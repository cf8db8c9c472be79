#include "dataplane/core/event_log.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using Kind = LoggedEvent::Kind;
using testing::ElementsAre;

StreamEvent Placed(const std::string& stream, uint64_t version) {
  StreamEvent event;
  event.mapping.key = {"__defaultVhost__", "live", stream};
  event.mapping.origin_id = "vid-1-s1-42";
  event.mapping.version = version;
  event.reason = StreamEventReason::kToBeViewed;
  return event;
}

std::vector<uint64_t> Sequences(const std::vector<EventLog::Event>& events) {
  std::vector<uint64_t> sequences;
  for (const auto& event : events) sequences.push_back(event->sequence);
  return sequences;
}

class EventLogTest : public testing::Test {
 protected:
  void Add(int count) {
    for (int i = 0; i < count; ++i) log_.OnStreamEvent(Placed("one", ++version_));
  }

  FakeClock clock_;
  EventLog log_{clock_, 4};
  uint64_t version_ = 0;
};

TEST_F(EventLogTest, KeepsWhatWasAdded) {
  auto moved = Placed("one", 7);
  moved.kind = StreamEvent::Kind::kChanged;
  moved.former_origin_id = "vid-0-s1-42";
  moved.reason = StreamEventReason::kMoved;
  log_.OnStreamEvent(moved);
  clock_.Advance(absl::Seconds(1));
  auto origin = std::make_shared<Origin>();
  origin->id = "vid-2-s1-42";
  log_.AddOriginEvent(Kind::kOriginRemoved, origin, "no heartbeat for 5m");

  const auto events = log_.ReadAfter(0, 10);
  ASSERT_TRUE(events.has_value());
  ASSERT_THAT(Sequences(*events), ElementsAre(1, 2));
  const auto& stream = *events->at(0);
  EXPECT_EQ(stream.kind, Kind::kStreamChanged);
  EXPECT_EQ(stream.reason, "moved");
  EXPECT_EQ(stream.former_origin_id, "vid-0-s1-42");
  ASSERT_TRUE(stream.stream.has_value());
  EXPECT_EQ(stream.stream->version, 7U);
  EXPECT_EQ(stream.origin, nullptr);
  const auto& removed = *events->at(1);
  EXPECT_EQ(removed.kind, Kind::kOriginRemoved);
  EXPECT_EQ(removed.reason, "no heartbeat for 5m");
  EXPECT_EQ(removed.origin, origin);
  EXPECT_FALSE(removed.stream.has_value());
  EXPECT_EQ(removed.time - stream.time, absl::Seconds(1));
}

TEST_F(EventLogTest, IsEmptyAtFirst) {
  EXPECT_EQ(log_.last_sequence(), 0U);
  EXPECT_THAT(log_.ReadAfter(0, 10), testing::Optional(testing::IsEmpty()));
  EXPECT_THAT(log_.ReadBefore(100, 10), testing::IsEmpty());
  EXPECT_EQ(log_.OldestTime(), std::nullopt);
}

TEST_F(EventLogTest, IsReadFromAnyPlaceForward) {
  Add(4);
  EXPECT_THAT(Sequences(*log_.ReadAfter(0, 3)), ElementsAre(1, 2, 3));
  EXPECT_THAT(Sequences(*log_.ReadAfter(3, 3)), ElementsAre(4));
  EXPECT_THAT(*log_.ReadAfter(4, 3), testing::IsEmpty());
}

TEST_F(EventLogTest, IsReadFromAnyPlaceBackward) {
  Add(6);
  EXPECT_THAT(Sequences(log_.ReadBefore(~0ULL, 3)), ElementsAre(6, 5, 4));
  EXPECT_THAT(Sequences(log_.ReadBefore(4, 3)), ElementsAre(3));
  EXPECT_THAT(log_.ReadBefore(3, 3), testing::IsEmpty());
}

TEST_F(EventLogTest, ReportsWhenAReaderWasOvertaken) {
  Add(4);
  EXPECT_TRUE(log_.ReadAfter(0, 1).has_value());
  Add(1);
  EXPECT_FALSE(log_.ReadAfter(0, 1).has_value());
  EXPECT_THAT(Sequences(*log_.ReadAfter(1, 9)), ElementsAre(2, 3, 4, 5));
}

TEST_F(EventLogTest, TheOldestEventMovesOn) {
  const auto first = clock_.WallNow();
  Add(1);
  clock_.Advance(absl::Seconds(1));
  Add(3);
  EXPECT_EQ(log_.OldestTime(), first);
  Add(1);
  EXPECT_EQ(log_.OldestTime(), first + absl::Seconds(1));
}

TEST_F(EventLogTest, ReadersKeepWhatTheRingHasForgotten) {
  Add(1);
  const auto kept = log_.ReadAfter(0, 1)->front();
  Add(100);
  EXPECT_EQ(kept->sequence, 1U);
  EXPECT_EQ(kept->stream->version, 1U);
}

TEST_F(EventLogTest, EveryLogHasAnEpochOfItsOwn) {
  const EventLog other(clock_);
  EXPECT_NE(log_.epoch(), other.epoch());
}

TEST_F(EventLogTest, DoesNotWaitForWhatIsThere) {
  Add(2);
  EXPECT_TRUE(log_.WaitAfter(1, absl::InfiniteDuration(), {}));
  EXPECT_FALSE(log_.WaitAfter(2, absl::ZeroDuration(), {}));
}

TEST_F(EventLogTest, AStopEndsTheWait) {
  bool added = true;
  std::jthread reader(
      [&](const std::stop_token& stop) { added = log_.WaitAfter(0, absl::Hours(1), stop); });
  reader.request_stop();
  reader.join();
  EXPECT_FALSE(added);
}

// Writers of several streams, and readers that follow them: each sees every stream's events in
// order and the last of each, and is woken at most once for each time that it waited.
TEST(EventLogThreadsTest, ReadersSeeEachStreamInOrder) {
  constexpr int kWriters = 3;
  constexpr uint64_t kEvents = 3'000;
  const Clock clock;
  EventLog log(clock, kWriters * kEvents);
  const auto follow = [&log] {
    std::vector<uint64_t> seen(kWriters);
    uint64_t after = 0;
    while (after < kWriters * kEvents) {
      ASSERT_TRUE(log.WaitAfter(after, absl::Minutes(1), {}));
      const auto events = log.ReadAfter(after, 100);
      ASSERT_TRUE(events.has_value());
      for (const auto& event : *events) {
        ASSERT_EQ(event->sequence, ++after);
        uint64_t& last = seen[static_cast<size_t>(event->stream->key.stream[0] - '0')];
        ASSERT_EQ(event->stream->version, last + 1);
        last = event->stream->version;
      }
    }
    EXPECT_THAT(seen, testing::Each(kEvents));
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(follow);
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&log, stream = std::to_string(i)] {
      for (uint64_t version = 1; version <= kEvents; ++version) {
        log.OnStreamEvent(Placed(stream, version));
      }
    });
  }
}

// However many events come, and however late the reader is, it waits again only when it has read.
TEST(EventLogThreadsTest, OneWakeUpCoversManyEvents) {
  const Clock clock;
  EventLog log(clock);
  std::atomic<int> woken = 0;
  std::atomic<bool> may_read = false;
  uint64_t read = 0;
  std::jthread reader([&] {
    while (read < 1'001) {
      ASSERT_TRUE(log.WaitAfter(read, absl::Minutes(1), {}));
      ++woken;
      woken.notify_all();
      may_read.wait(false);
      read += log.ReadAfter(read, 10'000)->size();
    }
  });
  log.OnStreamEvent(Placed("one", 1));
  woken.wait(0);
  for (int i = 0; i < 1'000; ++i) log.OnStreamEvent(Placed("one", 2));
  may_read = true;
  may_read.notify_all();
  reader.join();
  EXPECT_EQ(woken, 1);
}

}  // namespace
}  // namespace srsproxy
