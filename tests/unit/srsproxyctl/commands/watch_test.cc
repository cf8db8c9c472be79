// --watch and `event watch`: what is shown, and how a watch that broke goes on.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

v1::Event StreamEvent(v1::EventKind kind, const std::string& key, const std::string& origin,
                      uint64_t sequence) {
  v1::Event event;
  event.set_kind(kind);
  event.set_sequence(sequence);
  event.mutable_time()->set_seconds(1'767'323'045);
  *event.mutable_stream() = MakeStream(key, origin);
  return event;
}

v1::WatchResponse Message(std::vector<v1::Event> events, const std::string& token) {
  v1::WatchResponse response;
  response.mutable_events()->Assign(events.begin(), events.end());
  response.set_resume_token(token);
  return response;
}

// A whole snapshot of these streams, all on origin `o`.
v1::WatchResponse Snapshot(const std::vector<std::string>& keys, const std::string& token) {
  v1::WatchResponse response;
  for (const std::string& key : keys) {
    *response.add_events() = StreamEvent(v1::EVENT_KIND_STREAM_ADDED, key, "o", 0);
  }
  response.set_resume_token(token);
  response.set_snapshot_complete(true);
  return response;
}

const grpc::Status kCompacted =
    MakeFailure(grpc::StatusCode::OUT_OF_RANGE, "events are gone", "WATCH_COMPACTED");
const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "Socket closed");

class WatchTest : public CommandTest {
 protected:
  static constexpr int kDenied = 5;  // How the fake ends the last watch.
};

TEST_F(WatchTest, ChangesAreRowsWhereThereIsNoTerminal) {
  fake_.watches = {
      {{Snapshot({"v/live/a", "v/live/b"}, "t1"),
        Message({StreamEvent(v1::EVENT_KIND_STREAM_CHANGED, "v/live/b", "p", 1)}, "t2"),
        Message({StreamEvent(v1::EVENT_KIND_STREAM_REMOVED, "v/live/a", "o", 2)}, "t3")},
       grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch"), kDenied);
  EXPECT_EQ(out(),
            "EVENT  STREAM    ORIGIN  STATE  PUBLISHERS  VIEWERS  CLAIMED\n"
            "added  v/live/a  o       live   1           0        2026-01-02T03:04:05Z\n"
            "added  v/live/b  o       live   1           0        2026-01-02T03:04:05Z\n"
            "changed  v/live/b  p       live   1           0        2026-01-02T03:04:05Z\n"
            "removed  v/live/a  o       live   1           0        2026-01-02T03:04:05Z\n");
}

TEST_F(WatchTest, TheTableIsDrawnAnewOnATerminal) {
  environment_.output_is_terminal = true;
  environment_.variables["NO_COLOR"] = "1";
  fake_.watches = {
      {{Snapshot({"v/live/b", "v/live/a"}, "t1"),
        Message({StreamEvent(v1::EVENT_KIND_STREAM_REMOVED, "v/live/b", "o", 1)}, "t2")},
       grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch"), kDenied);
  const std::string heading = "STREAM    ORIGIN  STATE  PUBLISHERS  VIEWERS  CLAIMED\n";
  const std::string a = "v/live/a  o       live   1           0        2026-01-02T03:04:05Z\n";
  const std::string b = "v/live/b  o       live   1           0        2026-01-02T03:04:05Z\n";
  const std::string clear = "\x1b[H\x1b[2J";
  EXPECT_EQ(out(), clear + heading + a + b + clear + heading + a);
}

TEST_F(WatchTest, ABrokenWatchGoesOnWhereItWas) {
  fake_.watches = {{{Snapshot({"v/live/a"}, "t1")}, kGone},
                   {{Message({StreamEvent(v1::EVENT_KIND_STREAM_ADDED, "v/live/b", "o", 1)}, "t2")},
                    grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/a\nv/live/b\n");
  ASSERT_THAT(fake_.calls(), SizeIs(3));
  EXPECT_THAT(fake_.calls()[0], testing::Not(HasSubstr("resume_token")));
  EXPECT_THAT(fake_.calls()[1], HasSubstr("resume_token: \"t1\""));
  EXPECT_THAT(fake_.calls()[2], HasSubstr("resume_token: \"t2\""));
}

TEST_F(WatchTest, ACutSnapshotBeginsAnew) {
  v1::WatchResponse half = Snapshot({"v/live/a", "v/live/gone"}, "");
  half.set_snapshot_complete(false);
  fake_.watches = {{{half}, kGone}, {{Snapshot({"v/live/a"}, "t1")}, grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/a\n");
}

TEST_F(WatchTest, AReaderThatWasTooSlowGoesOnByItsToken) {
  for (const grpc::Status& cut :
       {kCompacted, grpc::Status(grpc::StatusCode::CANCELLED, "Cancelled")}) {
    fake_.watches = {
        {{Snapshot({"v/live/a"}, "t1")}, cut},
        {{Message({StreamEvent(v1::EVENT_KIND_STREAM_REMOVED, "v/live/a", "o", 2)}, "t2")},
         grpc::Status::OK}};
    EXPECT_EQ(RunCommand("stream list --watch -o name"), kDenied);
    EXPECT_EQ(out(), "v/live/a\nv/live/a\n");
    EXPECT_THAT(err(), testing::Not(HasSubstr("missed")));
  }
}

TEST_F(WatchTest, AfterMissedEventsOnlyTheDifferenceIsShown) {
  fake_.watches = {{{Snapshot({"v/live/a", "v/live/b", "v/live/c"}, "t1")}, kCompacted},
                   {{}, kCompacted},
                   {{Snapshot({"v/live/b", "v/live/c", "v/live/d"}, "t9")}, grpc::Status::OK}};
  fake_.watches[2].responses[0].mutable_events(1)->mutable_stream()->set_viewers(7);
  EXPECT_EQ(RunCommand("stream list --watch -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/a\nv/live/b\nv/live/c\nv/live/a\nv/live/c\nv/live/d\n");
  EXPECT_THAT(err(), HasSubstr("Note: events were missed"));
  EXPECT_THAT(fake_.calls().back(), HasSubstr("resume_token: \"t9\""));
}

TEST_F(WatchTest, PausesGrowAndAreCapped) {
  fake_.watches = {{{Snapshot({}, "t1")}, kGone}};
  for (int i = 0; i < 12; ++i) fake_.watches.push_back({{}, kGone});
  EXPECT_EQ(RunCommand("stream list --watch"), kDenied);
  ASSERT_THAT(slept_, SizeIs(13));
  absl::Duration longest = absl::Milliseconds(500);
  for (const absl::Duration pause : slept_) {
    EXPECT_GE(pause, longest / 2);
    EXPECT_LE(pause, longest);
    longest = std::min(longest * 2, absl::Seconds(15));
  }
}

TEST_F(WatchTest, AMessageMakesTheNextPauseShortAgain) {
  fake_.watches = {{{Snapshot({}, "t1")}, kGone},
                   {{}, kGone},
                   {{}, kGone},
                   {{}, kGone},
                   {{Message({}, "t2")}, kGone}};
  EXPECT_EQ(RunCommand("stream list --watch"), kDenied);
  EXPECT_LE(slept_.back(), absl::Milliseconds(500));
}

TEST_F(WatchTest, AWatchThatNeverBeganFails) {
  EXPECT_EQ(RunCommand("stream list --watch --endpoint 127.0.0.1:1"), 4);
  EXPECT_THAT(slept_, SizeIs(0));
}

TEST_F(WatchTest, FiltersGoWithTheWatch) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  fake_.watches = {{{Snapshot({"v/live/a", "v/live/b"}, "t1")}, grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch --origin a --filter stream=v/live/b -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/b\n");
  EXPECT_EQ(fake_.calls()[1],
            "Watch kinds: EVENT_KIND_STREAM_ADDED kinds: EVENT_KIND_STREAM_CHANGED kinds: "
            "EVENT_KIND_STREAM_REMOVED origin_id: \"a-run1-100\"");
}

TEST_F(WatchTest, AStreamThatLeftTheOriginIsDrawnNoMore) {
  environment_.output_is_terminal = true;
  fake_.origins = {MakeOrigin("o", "10.0.0.1")};
  const std::string here = fake_.origins[0].id();
  v1::WatchResponse snapshot =
      Message({StreamEvent(v1::EVENT_KIND_STREAM_ADDED, "v/live/a", here, 0)}, "t1");
  snapshot.set_snapshot_complete(true);
  fake_.watches = {
      {{snapshot, Message({StreamEvent(v1::EVENT_KIND_STREAM_CHANGED, "v/live/a", "p", 1)}, "t2")},
       grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch --origin o"), kDenied);
  EXPECT_THAT(out(), testing::EndsWith("\x1b[H\x1b[2J"));
}

TEST_F(WatchTest, OriginsCanBeWatched) {
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_ORIGIN_ADDED);
  *event.mutable_origin() = MakeOrigin("a", "10.0.0.1");
  v1::WatchResponse snapshot = Message({event}, "t1");
  snapshot.set_snapshot_complete(true);
  fake_.watches = {{{snapshot}, grpc::Status::OK}};
  EXPECT_EQ(RunCommand("origin list --watch -o name"), kDenied);
  EXPECT_EQ(out(), "a-run1-100\n");
  EXPECT_THAT(fake_.calls()[0], HasSubstr("EVENT_KIND_ORIGIN_CHANGED"));
}

TEST_F(WatchTest, EventWatchShowsTheSnapshotOnlyWhenRequested) {
  const std::deque<FakeProxy::Watching> watches = {
      {{Snapshot({"v/live/a"}, "t1"),
        Message({StreamEvent(v1::EVENT_KIND_STREAM_ADDED, "v/live/b", "o", 1)}, "t2")},
       grpc::Status::OK}};
  fake_.watches = watches;
  EXPECT_EQ(RunCommand("event watch -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/b\n");
  fake_.watches = watches;
  EXPECT_EQ(RunCommand("event watch --snapshot -o name"), kDenied);
  EXPECT_EQ(out(), "v/live/a\nv/live/b\n");
}

TEST_F(WatchTest, EventWatchPassesOnWhatItWasAsked) {
  fake_.watches = {{{}, grpc::Status::OK}};
  RunCommand("event watch --stream live/a --kind stream_added,stream_removed");
  EXPECT_THAT(fake_.calls(),
              ElementsAre("Watch kinds: EVENT_KIND_STREAM_ADDED kinds: EVENT_KIND_STREAM_REMOVED "
                          "stream: \"live/a\""));
}

TEST_F(WatchTest, YamlIsADocumentForEachChange) {
  fake_.watches = {{{Snapshot({"v/live/a", "v/live/b"}, "t1")}, grpc::Status::OK}};
  EXPECT_EQ(RunCommand("stream list --watch -o yaml"), kDenied);
  EXPECT_THAT(out(), HasSubstr("\n---\nkind: EVENT_KIND_STREAM_ADDED\n"));
}

TEST_F(WatchTest, OutputThatCannotBeWrittenEndsIt) {
  fake_.watches = {{{Snapshot({"v/live/a"}, "t1")}, grpc::Status::OK}};
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(RunCommand("stream list --watch"), 1);
}

}  // namespace
}  // namespace srsproxy::ctl
