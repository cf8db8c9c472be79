// What holds promise, as every StreamDirectory has to keep it: an origin's acceptance counts only
// where the stream is by then.
#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/dataplane/directory/stream_directory_contract.h"

namespace srsproxy {
namespace {

class StreamHoldsContractTest : public StreamDirectoryContractTest {
 protected:
  std::unique_ptr<StreamHold> Hold(ClaimRequest request) {
    return std::move(TryClaim(std::move(request)).value().hold);
  }
  std::unique_ptr<StreamHold> Hold(const std::string& origin, Role role, uint64_t replaces = 0) {
    return Hold({.key = key_, .origin_id = origin, .role = role, .replaces_version = replaces});
  }
  std::unique_ptr<StreamHold> Follow(const std::string& origin) {
    return Hold(
        {.key = key_, .origin_id = origin, .replaces_version = Version(), .inherits = true});
  }
  uint64_t Version() const { return directory_->Find(key_)->version; }
  void Release() {
    EXPECT_TRUE(Wait<StreamMapping>([&](auto done) {
                  directory_->Release(key_, 0, /*force=*/true, std::move(done));
                }).ok());
    Settle();
  }
  void Move(const std::string& origin) {
    EXPECT_TRUE(Wait<MoveOutcome>([&](auto done) {
                  directory_->Move({.key = key_, .origin_id = origin}, std::move(done));
                }).ok());
  }
};

TEST_P(StreamHoldsContractTest, OfTwoPublishersOnTwoOriginsOneIsAccepted) {
  auto waits = Hold("a", Role::kPublisher);
  auto gave_up = Hold("b", Role::kPublisher, Version());
  EXPECT_TRUE(MarkLive(*gave_up).ok());
  const absl::Status late = MarkLive(*waits);
  EXPECT_TRUE(absl::IsAborted(late)) << late;
  EXPECT_EQ(SideOf(late), Side::kProxy);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
  EXPECT_EQ(directory_->CountsOf("b").live_publishers, 1u);
  waits.reset();
  Settle();
  EXPECT_TRUE(directory_->Find(key_)->publisher_live);
  gave_up.reset();
  Settle();
  EXPECT_FALSE(directory_->Find(key_)->publisher_live);
  EXPECT_EQ(directory_->Find(key_)->publishers, 0u);
}

TEST_P(StreamHoldsContractTest, AnAcceptanceThatWasFasterKeepsTheStream) {
  const auto first = Hold("a", Role::kPublisher);
  const uint64_t seen = Version();
  EXPECT_TRUE(MarkLive(*first).ok());
  const auto late = TryClaim({.key = key_,
                              .origin_id = "b",
                              .role = Role::kPublisher,
                              .replaces_version = seen,
                              .unless_live = true});
  EXPECT_FALSE(late->granted);
  EXPECT_EQ(late->mapping.origin_id, "a");
}

TEST_P(StreamHoldsContractTest, AHoldFollowsAnOriginThatIsSuperseded) {
  const auto publisher = Hold("a-1", Role::kPublisher);
  const auto viewer = Follow("a-2");
  EXPECT_TRUE(MarkLive(*publisher).ok());
  EXPECT_TRUE(directory_->Find(key_)->publisher_live);
  const auto another = Follow("a-3");
  EXPECT_TRUE(MarkLive(*viewer).ok());
}

TEST_P(StreamHoldsContractTest, NobodyIsAcceptedOnWhatWasReleased) {
  const auto publisher = Hold("a", Role::kPublisher);
  const auto viewer = Hold("a", Role::kViewer);
  Release();
  EXPECT_TRUE(absl::IsAborted(MarkLive(*publisher)));
  const auto anew = Hold("b", Role::kViewer);
  EXPECT_TRUE(absl::IsAborted(MarkLive(*viewer)));
  EXPECT_FALSE(directory_->Find(key_)->publisher_live);
  EXPECT_TRUE(directory_->Find(key_)->provisional);
}

TEST_P(StreamHoldsContractTest, WhereTheStreamHasComeBackAHoldStands) {
  const auto publisher = Hold("a", Role::kPublisher);
  const auto elsewhere = Hold("b", Role::kViewer, Version());
  const auto back = Hold("a", Role::kViewer, Version());
  EXPECT_TRUE(MarkLive(*publisher).ok());
  EXPECT_TRUE(directory_->Find(key_)->publisher_live);
}

TEST_P(StreamHoldsContractTest, AViewerWhoseStreamHasMovedIsMisplaced) {
  const auto early = Hold("a", Role::kViewer);
  EXPECT_TRUE(MarkLive(*early).ok());
  const auto late = Hold("a", Role::kViewer);
  Move("b");
  EXPECT_TRUE(absl::IsAborted(MarkLive(*late)));
}

TEST_P(StreamHoldsContractTest, AViewerWithTheLivePublisherIsNone) {
  const auto publisher = Hold("a", Role::kPublisher);
  EXPECT_TRUE(MarkLive(*publisher).ok());
  const auto viewer = Hold("a", Role::kViewer);
  const auto split = Hold("b", Role::kViewer, Version());
  EXPECT_EQ(directory_->Find(key_)->origin_id, "b");
  EXPECT_TRUE(MarkLive(*viewer).ok());
}

TEST_P(StreamHoldsContractTest, APublisherThatLosesLaterIsNotified) {
  std::atomic<int> lost = 0;
  auto former = Hold("a", Role::kPublisher);
  former->WhenLost([&](const absl::Status& why) {
    EXPECT_TRUE(absl::IsAborted(why)) << why;
    ++lost;
  });
  EXPECT_TRUE(MarkLive(*former).ok());
  const auto viewer = Hold("b", Role::kViewer, Version());
  EXPECT_EQ(lost, 0);
  const auto one = Hold("b", Role::kPublisher);
  EXPECT_TRUE(MarkLive(*one).ok());
  EXPECT_EQ(lost, 1);
  const auto another = Hold("b", Role::kPublisher);
  EXPECT_TRUE(MarkLive(*another).ok());
  EXPECT_EQ(lost, 1) << "once";
  former.reset();
  Settle();
  EXPECT_TRUE(directory_->Find(key_)->publisher_live);
  EXPECT_EQ(directory_->CountsOf("b").live_publishers, 1u) << "one stream";
}

TEST_P(StreamHoldsContractTest, IsMarkedLiveOnce) {
  auto hold = Hold("a", Role::kPublisher);
  EXPECT_TRUE(MarkLive(*hold).ok());
  EXPECT_TRUE(MarkLive(*hold).ok());
  hold.reset();
  Settle();
  EXPECT_FALSE(directory_->Find(key_)->publisher_live);
  const auto refused = Hold("a", Role::kPublisher);
  refused->Refused();
  EXPECT_TRUE(MarkLive(*refused).ok());
  EXPECT_FALSE(directory_->Find(key_)->publisher_live) << "it has ended";
  EXPECT_EQ(directory_->Find(key_)->publishers, 0u);
}

TEST_P(StreamHoldsContractTest, MayBeDestroyedInItsAnswer) {
  auto hold = Hold("a", Role::kPublisher);
  std::latch answered(1);
  StreamHold& marked = *hold;
  marked.MarkLive([&](const absl::Status& status) {
    EXPECT_TRUE(status.ok());
    hold.reset();
    answered.count_down();
  });
  answered.wait();
  Settle();
  EXPECT_EQ(directory_->Find(key_)->publishers, 0u);
}

TEST_P(StreamHoldsContractTest, MayOutliveTheDirectory) {
  auto publisher = Hold("a", Role::kPublisher);
  auto viewer = Hold("a", Role::kViewer);
  directory_.reset();
  publisher->MarkLive();
  viewer->Refused();
}

TEST_P(StreamHoldsContractTest, StopAnswersEveryQuestion) {
  struct Silent final : StreamObserver {
    void OnStreamEvent(const StreamEvent&) override { ++events; }
    void OnLoadChange(std::string_view, int) override { ++events; }
    std::atomic<int> events = 0;
  } observer;
  const auto subscription = directory_->Subscribe(observer);
  auto hold = Hold("a", Role::kPublisher);
  Settle();
  const int events_before = observer.events;
  std::atomic<int> open = 0;
  std::atomic<int> cancelled = 0;
  const auto ask = [&](bool stopped) {
    const auto answer = [&, stopped](const auto& result) {
      --open;
      absl::Status status;
      if constexpr (std::is_same_v<std::decay_t<decltype(result)>, absl::Status>) {
        status = result;
      } else {
        status = result.status();
      }
      cancelled += absl::IsCancelled(status) ? 1 : 0;
      EXPECT_TRUE(!stopped || absl::IsCancelled(status)) << status;
    };
    open += 5;
    directory_->Claim({key_, "a", Role::kViewer}, answer);
    directory_->Move({.key = key_, .origin_id = "b"}, answer);
    directory_->Release(key_, 0, /*force=*/true, answer);
    directory_->Pin({key_, "one"}, answer);
    hold->MarkLive(answer);
  };
  auto* delayed = dynamic_cast<DelayedStreams*>(directory_.get());
  if (delayed != nullptr) {
    delayed->Pause();
    ask(false);
    EXPECT_EQ(open, 5);
  }
  directory_->Stop();
  EXPECT_EQ(open, 0);
  ask(true);
  EXPECT_EQ(open, 0);
  EXPECT_EQ(cancelled, delayed != nullptr ? 10 : 5);
  hold.reset();
  EXPECT_EQ(observer.events, events_before) << "nothing is reported any more";
}

// Publishers on several origins that wait, give up, are accepted and end: no two are live on two
// origins at any time.
TEST_P(StreamHoldsContractTest, NoTwoPublishersAreLiveOnTwoOrigins) {
  constexpr int kThreads = 6;
  constexpr int kRounds = 400;
  std::mutex mutex;
  std::map<std::string, int> live;  // By origin.
  std::atomic<int> accepted = 0;
  std::atomic<int> lost = 0;
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string wanted(1, static_cast<char>('a' + t % 3));
      start.arrive_and_wait();
      for (int i = 0; i < kRounds; ++i) {
        const auto seen = directory_->Find(key_);
        const auto claimed = TryClaim({.key = key_,
                                       .origin_id = wanted,
                                       .role = Role::kPublisher,
                                       .replaces_version = seen ? seen->version : 0,
                                       .unless_live = true});
        const std::string origin = claimed->mapping.origin_id;
        if (!MarkLive(*claimed->hold).ok()) {
          ++lost;
          continue;
        }
        ++accepted;
        const auto count = [&](int change) {
          const std::lock_guard lock(mutex);
          live[origin] += change;
          if (live[origin] == 0) live.erase(origin);
          EXPECT_LE(live.size(), 1u);
        };
        count(1);
        std::this_thread::yield();
        count(-1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Settle();
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(accepted + lost, kThreads * kRounds);
  EXPECT_FALSE(directory_->Find(key_)->publisher_live);
}

INSTANTIATE_TEST_SUITE_P(Directories, StreamHoldsContractTest, AllDirectories(),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy
