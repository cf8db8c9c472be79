// Moves, releases, pins, counts and events, as every StreamDirectory has to keep them.
#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/directory/stream_directory_contract.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;

// Each event as "kind key origin<former cause".
class Recorder final : public StreamObserver {
 public:
  void OnStreamEvent(const StreamEvent& event) override {
    static constexpr const char* kNames[] = {"placed", "changed", "removed"};
    std::string text =
        absl::StrCat(kNames[static_cast<int>(event.kind)], " ", event.mapping.origin_id);
    if (!event.former_origin_id.empty()) absl::StrAppend(&text, "<", event.former_origin_id);
    if (event.cause.has_value()) absl::StrAppend(&text, " ", ToAbsl(ToName(*event.cause)));
    if (event.mapping.publisher_live) text += " live";
    if (event.mapping.pending.has_value()) {
      absl::StrAppend(&text, " pending:", event.mapping.pending->origin_id);
    }
    EXPECT_TRUE(event.here) << text;
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(text));
  }

  void OnLoadChange(std::string_view origin_id, int change) override {
    const std::lock_guard lock(mutex_);
    load_[std::string(origin_id)] += change;
  }

  std::vector<std::string> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }
  // Streams in use.
  int LoadOf(const std::string& origin_id) {
    const std::lock_guard lock(mutex_);
    return load_[origin_id];
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> events_;
  std::map<std::string, int> load_;  // By origin.
};

class StreamMovesContractTest : public StreamDirectoryContractTest {
 protected:
  ~StreamMovesContractTest() override { directory_->Stop(); }  // Sessions outlive the observer.

  std::vector<std::string> TakeEvents() {
    Settle();
    return events_.Take();
  }
  absl::StatusOr<MoveOutcome> TryMove(MoveRequest request) {
    return Wait<MoveOutcome>(
        [&](auto done) { directory_->Move(std::move(request), std::move(done)); });
  }
  MoveOutcome Move(const StreamKey& key, const std::string& origin) {
    return TryMove({.key = key, .origin_id = origin}).value();
  }
  absl::StatusOr<StreamMapping> Release(uint64_t expected_version, bool force) {
    auto released = Wait<StreamMapping>(
        [&](auto done) { directory_->Release(key_, expected_version, force, std::move(done)); });
    Settle();
    return released;
  }
  absl::StatusOr<StreamPin> Pin(const StreamKey& key, const std::string& server) {
    return Wait<StreamPin>([&](auto done) { directory_->Pin({key, server}, std::move(done)); });
  }
  absl::StatusOr<StreamPin> Unpin(const StreamKey& key) {
    return Wait<StreamPin>([&](auto done) { directory_->Unpin(key, std::move(done)); });
  }
  StreamView::Counts CountsOf(std::string_view origin) { return directory_->CountsOf(origin); }

  Recorder events_;
  Subscription recorded_ = directory_->Subscribe(events_);
};

TEST_P(StreamMovesContractTest, AStreamWithoutAPublisherMovesAtOnce) {
  const uint64_t before = Claim(key_, "a").mapping.version;
  clock_.Advance(absl::Minutes(1));
  const MoveOutcome moved = Move(key_, "b");
  EXPECT_EQ(moved.former_origin_id, "a");
  EXPECT_EQ(moved.mapping.origin_id, "b");
  EXPECT_GT(moved.mapping.version, before);
  ExpectNow(moved.mapping.claimed_at);
  EXPECT_EQ(moved.mapping.viewers, 1u);
  EXPECT_EQ(moved.mapping.pending, std::nullopt);
  EXPECT_EQ(Claim(key_, "a").mapping.origin_id, "b");
  EXPECT_THAT(TakeEvents(), ElementsAre("placed a", "changed b<a operator"));
}

TEST_P(StreamMovesContractTest, AMovedMappingStaysWhenItsViewersAreEnded) {
  Claim(key_, "a");
  Move(key_, "b");
  EndViewer(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
}

TEST_P(StreamMovesContractTest, AnIdleMappingMovesAndStaysIdle) {
  PublishOnce(key_, "a");
  EXPECT_EQ(Move(key_, "b").former_origin_id, "a");
  for (size_t i = 0; i < kCap; ++i) Claim({"v.com", "live", std::to_string(i)}, "a");
  EXPECT_EQ(directory_->Find(key_), std::nullopt) << "it was idle, and gave way";
}

TEST_P(StreamMovesContractTest, AMoveWaitsForTheLivePublisher) {
  Publish(key_, "a");
  Claim(key_, "a");
  const absl::Time deadline = clock_.WallNow() + absl::Minutes(5);
  const auto asked =
      TryMove({.key = key_, .origin_id = "b", .deadline = deadline, .cause = MoveCause::kDrain});
  EXPECT_EQ(asked->former_origin_id, "");
  EXPECT_EQ(asked->mapping.origin_id, "a");
  const PendingMove pending{"b", deadline, MoveCause::kDrain};
  EXPECT_EQ(asked->mapping.pending, pending);
  EXPECT_EQ(directory_->Find(key_)->pending, pending);
  EXPECT_EQ(directory_->List("", 1).mappings[0].pending, pending);
  EXPECT_EQ(Claim(key_, "b").mapping.origin_id, "a") << "viewers go where the publisher is";

  TakeEvents();
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
  EXPECT_EQ(directory_->Find(key_)->pending, std::nullopt);
  EXPECT_THAT(TakeEvents(), ElementsAre("changed b<a drain"));
}

TEST_P(StreamMovesContractTest, AMoveThatIsOnlyValidatedChangesNothing) {
  const uint64_t version = Claim(key_, "a").mapping.version;
  const MoveRequest request{.key = key_, .origin_id = "b", .validate_only = true};
  const MoveOutcome moves = TryMove(request).value();
  EXPECT_EQ(moves.former_origin_id, "a");
  EXPECT_EQ(moves.mapping.origin_id, "b");
  EXPECT_EQ(moves.viewers, 1u);
  Publish(key_, "a");
  const MoveOutcome waits = TryMove(request).value();
  EXPECT_EQ(waits.former_origin_id, "");
  EXPECT_EQ(waits.mapping.pending->origin_id, "b");
  EXPECT_EQ(waits.publishers, 1u);
  Settle();
  const auto seen = directory_->Find(key_);
  EXPECT_EQ(seen->origin_id, "a");
  EXPECT_EQ(seen->version, version);
  EXPECT_EQ(seen->pending, std::nullopt);
}

TEST_P(StreamMovesContractTest, AMoveToTheLivePublisherWaitsForNobody) {
  Publish(key_, "a");
  Move(key_, "c");
  TakeEvents();
  const auto moved = TryMove(
      {.key = key_, .origin_id = "b", .cause = MoveCause::kPublisher, .to_publisher = true});
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->former_origin_id, "a");
  EXPECT_EQ(moved->mapping.origin_id, "b");
  EXPECT_TRUE(moved->mapping.publisher_live);
  EXPECT_EQ(moved->mapping.pending->origin_id, "c") << "what waits for the publisher goes on to";
  EXPECT_THAT(TakeEvents(), ElementsAre("changed b<a publisher live pending:c"));
  EXPECT_EQ(CountsOf("b").live_publishers, 1u);
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "c");
}

TEST_P(StreamMovesContractTest, AMoveWaitsForAPublisherThatIsOnItsWay) {
  Claim(key_, "a", Role::kPublisher);
  EXPECT_TRUE(Move(key_, "b").mapping.pending.has_value());
  EXPECT_TRUE(MarkLive(key_, Role::kPublisher).ok());
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a");
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
}

TEST_P(StreamMovesContractTest, AMoveWaitsForTheLastOfSeveralPublishers) {
  Publish(key_, "a");
  Claim(key_, "a", Role::kPublisher);  // To be refused: the stream is busy.
  Move(key_, "b");
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a") << "another is on its way there";
  End(key_, Role::kPublisher, /*live=*/false);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
}

TEST_P(StreamMovesContractTest, AMoveIsDoneThoughItsPublisherWasRefused) {
  Claim(key_, "a", Role::kPublisher);
  Move(key_, "b");
  End(key_, Role::kPublisher, /*live=*/false);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
}

TEST_P(StreamMovesContractTest, TheLastMoveThatWasRequestedCounts) {
  Publish(key_, "a");
  Move(key_, "b");
  Move(key_, "c");
  Move(key_, "c");
  EXPECT_THAT(TakeEvents(),
              ElementsAre("placed a", "changed a live", "changed a operator live pending:b",
                          "changed a operator live pending:c"));
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "c");
}

TEST_P(StreamMovesContractTest, MovingToWhereItIsTakesAPendingMoveBack) {
  Publish(key_, "a");
  Move(key_, "b");
  TakeEvents();
  EXPECT_EQ(Move(key_, "a").mapping.pending, std::nullopt);
  EXPECT_THAT(TakeEvents(), ElementsAre("changed a live"));
  Move(key_, "a");
  EXPECT_THAT(TakeEvents(), ElementsAre()) << "nothing changed";
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a");
}

TEST_P(StreamMovesContractTest, MovesOnlyTheVersionThatWasMeant) {
  const uint64_t version = Claim(key_, "a").mapping.version;
  const auto late = TryMove({.key = key_, .origin_id = "b", .expected_version = version + 1});
  EXPECT_TRUE(absl::IsAborted(late.status()));
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a");
  EXPECT_TRUE(TryMove({.key = key_, .origin_id = "b", .expected_version = version}).ok());
}

TEST_P(StreamMovesContractTest, AnUnknownStreamCannotBeMovedOrReleased) {
  EXPECT_TRUE(absl::IsNotFound(TryMove({.key = key_, .origin_id = "b"}).status()));
  EXPECT_TRUE(absl::IsNotFound(Release(0, /*force=*/true).status()));
}

TEST_P(StreamMovesContractTest, APendingMoveFollowsASupersededOrigin) {
  Publish(key_, "a-1");
  Move(key_, "b");
  const uint64_t version = directory_->Find(key_)->version;
  TakeEvents();
  EXPECT_TRUE(
      Claim({.key = key_, .origin_id = "a-2", .replaces_version = version, .inherits = true})
          .granted);
  EXPECT_THAT(TakeEvents(), ElementsAre("changed a-2<a-1 superseded live pending:b"));
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
}

TEST_P(StreamMovesContractTest, APendingMoveToTheSuccessorIsDone) {
  Publish(key_, "a-1");
  Move(key_, "a-2");
  const uint64_t version = directory_->Find(key_)->version;
  const Claimed followed =
      Claim({.key = key_, .origin_id = "a-2", .replaces_version = version, .inherits = true});
  EXPECT_EQ(followed.mapping.pending, std::nullopt);
}

TEST_P(StreamMovesContractTest, APendingMoveIsForgottenWhenTheStreamIsPlacedAnew) {
  Publish(key_, "a");
  Move(key_, "b");
  const uint64_t version = directory_->Find(key_)->version;
  TakeEvents();
  EXPECT_EQ(Claim(key_, "c", Role::kViewer, version).mapping.pending, std::nullopt);
  EXPECT_THAT(TakeEvents(), ElementsAre("changed c<a unusable live"));
  EndPublisher(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "c");
}

TEST_P(StreamMovesContractTest, ReportsWhatBecomesOfAMapping) {
  Claim(key_, "a");
  EXPECT_THAT(TakeEvents(), ElementsAre("placed a"));
  Claim(key_, "a");
  EXPECT_THAT(TakeEvents(), ElementsAre()) << "a mere count";
  EXPECT_TRUE(MarkLive(key_, Role::kViewer).ok());
  EXPECT_THAT(TakeEvents(), ElementsAre("changed a")) << "no longer provisional";
  EXPECT_TRUE(MarkLive(key_, Role::kViewer).ok());
  EXPECT_THAT(TakeEvents(), ElementsAre());
  EndViewer(key_);
  EndViewer(key_);
  EXPECT_THAT(TakeEvents(), ElementsAre("removed a"));
}

TEST_P(StreamMovesContractTest, ReportsWhenAMappingGivesWay) {
  for (size_t i = 0; i < kCap; ++i) PublishOnce({"v.com", "live", std::to_string(i)}, "a");
  TakeEvents();
  Claim(key_, "b");
  EXPECT_THAT(TakeEvents(), ElementsAre("removed a", "placed b"));
}

TEST_P(StreamMovesContractTest, CountsTheStreamsOfAnOrigin) {
  const StreamKey other{"v.com", "live", "other"};
  Publish(key_, "a");
  PublishOnce(other, "a");
  EXPECT_EQ(CountsOf("a").streams, 2u);
  EXPECT_EQ(CountsOf("a").live_publishers, 1u);
  EXPECT_EQ(CountsOf("b").streams, 0u);

  Move(other, "b");
  Move(key_, "b");
  EXPECT_EQ(CountsOf("a").streams, 1u);
  EXPECT_EQ(CountsOf("b").streams, 1u);
  EXPECT_EQ(CountsOf("b").live_publishers, 0u);
  const uint64_t version = directory_->Find(key_)->version;
  Claim(key_, "c", Role::kViewer, version);
  EXPECT_EQ(CountsOf("a").live_publishers, 0u);
  EXPECT_EQ(CountsOf("c").live_publishers, 1u) << "it is still said to be live";
  EndPublisher(key_);
  EXPECT_EQ(CountsOf("c").live_publishers, 0u);
  EndViewer(key_);
  EXPECT_EQ(CountsOf("c").streams, 0u);
}

// Back where a publisher is live, and provisional: another one's media is news.
TEST_P(StreamMovesContractTest, ReportsEveryChange) {
  Publish(key_, "a");
  Claim(key_, "b", Role::kViewer, directory_->Find(key_)->version);
  Claim(key_, "a", Role::kViewer, directory_->Find(key_)->version);
  EXPECT_TRUE(directory_->Find(key_)->provisional);
  TakeEvents();
  Publish(key_, "a");
  EXPECT_FALSE(directory_->Find(key_)->provisional);
  EXPECT_THAT(TakeEvents(), ElementsAre("changed a live"));
}

// Load, as observers sum it up, and as it is counted: streams that somebody uses.
TEST_P(StreamMovesContractTest, CountsTheStreamsInUse) {
  const StreamKey idle{"v.com", "live", "idle"};
  const auto expect = [&](size_t a, size_t b, const char* when) {
    Settle();
    EXPECT_EQ(CountsOf("a").in_use, a) << when;
    EXPECT_EQ(CountsOf("b").in_use, b) << when;
    EXPECT_EQ(directory_->in_use(), a + b) << when;
    EXPECT_EQ(events_.LoadOf("a"), static_cast<int>(a)) << when;
    EXPECT_EQ(events_.LoadOf("b"), static_cast<int>(b)) << when;
  };
  PublishOnce(idle, "a");
  expect(0, 0, "a name that nobody uses");
  Claim(key_, "a");
  expect(1, 0, "somebody is to view it");
  Claim(key_, "a");
  Publish(key_, "a");
  expect(1, 0, "one stream, however many use it");
  Claim(idle, "a");
  expect(2, 0, "in use again");
  Move(idle, "b");
  expect(1, 1, "moved in use");
  EndViewer(idle);
  expect(1, 0, "idle once more");
  Move(idle, "a");
  expect(1, 0, "moved while nobody used it");
  Move(key_, "b");
  EndPublisher(key_);
  expect(0, 1, "moved at its publisher's end, with its viewers");
  EndViewer(key_);
  EndViewer(key_);
  expect(0, 0, "its last session has ended");
  Claim(key_, "a", Role::kViewer, directory_->Find(key_)->version);
  expect(1, 0, "placed anew");
  EXPECT_TRUE(Release(0, /*force=*/true).ok());
  expect(0, 0, "released");
  Claim(key_, "b");
  expect(0, 1, "placed again, with the session that was left over");
  EndViewer(key_);
  expect(0, 1, "one is left");
  EndViewer(key_);
  expect(0, 0, "none is left");
  EXPECT_EQ(CountsOf("a").streams, 1u) << "the idle one";
}

TEST_P(StreamMovesContractTest, ReleasesWhatNobodyUses) {
  PublishOnce(key_, "a");
  TakeEvents();
  const auto released = Release(0, /*force=*/false);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->origin_id, "a");
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
  EXPECT_EQ(directory_->size(), 0u);
  EXPECT_EQ(CountsOf("a").streams, 0u);
  EXPECT_THAT(TakeEvents(), ElementsAre("removed a"));
}

TEST_P(StreamMovesContractTest, ReleasesWhatIsUsedOnlyByForce) {
  Publish(key_, "a");
  Claim(key_, "a");
  EXPECT_TRUE(absl::IsFailedPrecondition(Release(0, /*force=*/false).status()));
  const uint64_t version = directory_->Find(key_)->version;
  EXPECT_TRUE(absl::IsAborted(Release(version + 1, /*force=*/true).status()));
  EXPECT_EQ(Release(version, /*force=*/true)->viewers, 1u);
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
  EXPECT_EQ(directory_->FindInOtherVhost({"v.com", "live", "cam"}), std::nullopt);
  EXPECT_TRUE(directory_->List("", 10).mappings.empty());
  EXPECT_EQ(CountsOf("a").streams, 0u);
  EXPECT_EQ(CountsOf("a").live_publishers, 0u);
  EXPECT_TRUE(absl::IsNotFound(Release(0, /*force=*/true).status()));
  EXPECT_TRUE(absl::IsNotFound(TryMove({.key = key_, .origin_id = "b"}).status()));
}

TEST_P(StreamMovesContractTest, SessionsOfAReleasedMappingEndWithoutHarm) {
  Publish(key_, "a");
  Claim(key_, "a");
  ASSERT_TRUE(Release(0, /*force=*/true).ok());
  TakeEvents();
  const Claimed anew = Claim(key_, "b", Role::kPublisher);
  EXPECT_TRUE(anew.granted);
  EXPECT_EQ(anew.mapping.origin_id, "b");
  EXPECT_TRUE(anew.mapping.provisional);
  EXPECT_TRUE(MarkLive(key_, Role::kPublisher).ok());
  EndPublisher(key_);
  EndViewer(key_);
  EXPECT_TRUE(directory_->Find(key_)->publisher_live) << "the new publisher has not ended";
  EXPECT_EQ(directory_->Find(key_)->publishers, 1u);
  EXPECT_EQ(directory_->Find(key_)->viewers, 0u);
  EXPECT_EQ(CountsOf("b").live_publishers, 1u);
}

TEST_P(StreamMovesContractTest, AReleasedMappingLeavesNothingBehind) {
  Publish(key_, "a");
  ASSERT_TRUE(Release(0, /*force=*/true).ok());
  EndPublisher(key_);
  EXPECT_EQ(directory_->size(), 0u);
  TakeEvents();
  Claim(key_, "b");
  EndViewer(key_);
  EXPECT_THAT(TakeEvents(), ElementsAre("placed b", "removed b"));
}

TEST_P(StreamMovesContractTest, PinsAreKeptWithOrWithoutAMapping) {
  EXPECT_EQ(directory_->PinnedServer(key_), std::nullopt);
  EXPECT_TRUE(absl::IsNotFound(Unpin(key_).status()));
  EXPECT_TRUE(Pin(key_, "one").ok());
  EXPECT_EQ(Pin(key_, "two")->server, "two");
  EXPECT_EQ(directory_->PinnedServer(key_), "two");
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
  EXPECT_EQ(Unpin(key_)->server, "two");
  EXPECT_EQ(directory_->PinnedServer(key_), std::nullopt);
}

TEST_P(StreamMovesContractTest, PinsAreListedPageByPage) {
  const StreamKey keys[] = {{"b.com", "app", "s"},
                            {"a.com", "live", "x"},
                            {"b.com", "live", "x"},
                            {"a.com", "live", "y"}};
  for (size_t i = std::size(keys); i-- > 0;) ASSERT_TRUE(Pin(keys[i], "server").ok());
  for (const size_t limit : {1, 3, 4, 9}) {
    std::vector<StreamKey> listed;
    std::string after;
    do {
      const auto page = directory_->ListPins(after, limit);
      EXPECT_LE(page.pins.size(), limit);
      for (const StreamPin& pin : page.pins) listed.push_back(pin.key);
      after = page.next;
    } while (!after.empty());
    EXPECT_THAT(listed, testing::ElementsAreArray(keys)) << limit;
  }
}

// However publishers, viewers and moves meet, no publisher is ever counted on an origin that the
// stream has been moved from while it was there.
TEST_P(StreamMovesContractTest, NoMoveOvertakesAPublisher) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  std::latch start(kThreads + 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < kRounds; ++i) {
        const Role role = (i + t) % 2 == 0 ? Role::kPublisher : Role::kViewer;
        const auto claimed = TryClaim({key_, "a", role});
        const absl::Status accepted = MarkLive(*claimed->hold);
        if (role == Role::kPublisher) {
          EXPECT_TRUE(accepted.ok()) << accepted;
          EXPECT_EQ(directory_->Find(key_)->origin_id, claimed->mapping.origin_id);
        }
      }
    });
  }
  start.arrive_and_wait();
  for (int i = 0; i < kRounds; ++i) {
    (void)TryMove({.key = key_, .origin_id = i % 2 == 0 ? "b" : "c"});
  }
  for (std::thread& thread : threads) thread.join();
  Settle();
  EXPECT_EQ(directory_->Find(key_)->publishers, 0u);
  EXPECT_EQ(directory_->Find(key_)->pending, std::nullopt);
  size_t counted = 0;
  for (const char* origin : {"a", "b", "c"}) counted += CountsOf(origin).streams;
  EXPECT_EQ(counted, 1u);
}

INSTANTIATE_TEST_SUITE_P(Directories, StreamMovesContractTest, AllDirectories(),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy
