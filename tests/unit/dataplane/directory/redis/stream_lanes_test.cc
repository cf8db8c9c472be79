#include "dataplane/directory/redis/stream_lanes.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using testing::ElementsAre;

const StreamKey kOne{"v.com", "live", "one"};
const StreamKey kTwo{"v.com", "live", "two"};

class StreamLanesTest : public testing::Test {
 protected:
  // Work that runs until FinishNext.
  StreamLanes::Work Open(std::string name) {
    return [this, name = std::move(name)](StreamLanes::Finished finished) {
      ran_.push_back(name);
      open_.push_back(std::move(finished));
    };
  }
  void FinishNext() {
    StreamLanes::Finished finished = std::move(open_.front());
    open_.erase(open_.begin());
    finished();
  }

  StreamLanes lanes_;
  std::vector<std::string> ran_;
  std::vector<StreamLanes::Finished> open_;
};

TEST_F(StreamLanesTest, OneAtATimeForEachStream) {
  lanes_.Add(kOne, Open("a"));
  lanes_.Add(kOne, Open("b"));
  lanes_.Add(kTwo, Open("c"));
  EXPECT_THAT(ran_, ElementsAre("a", "c"));
  FinishNext();
  EXPECT_THAT(ran_, ElementsAre("a", "c", "b"));
  EXPECT_FALSE(lanes_.IsIdle());
  FinishNext();
  FinishNext();
  EXPECT_TRUE(lanes_.IsIdle());
}

TEST_F(StreamLanesTest, WritesThatWaitAreOne) {
  lanes_.AddWrite(kOne, Open("first"));
  lanes_.AddWrite(kOne, Open("second"));
  lanes_.AddWrite(kOne, Open("third"));
  FinishNext();
  EXPECT_THAT(ran_, ElementsAre("first", "second"));
  lanes_.AddWrite(kOne, Open("fourth"));
  FinishNext();
  EXPECT_THAT(ran_, ElementsAre("first", "second", "fourth"));
  FinishNext();
  EXPECT_TRUE(lanes_.IsIdle());
}

TEST_F(StreamLanesTest, WorkMayFinishAtOnceAndAddMore) {
  int ran = 0;
  std::function<void(StreamLanes::Finished)> again = [&](StreamLanes::Finished finished) {
    if (++ran < 100'000) lanes_.Add(kOne, again);
    finished();
  };
  lanes_.Add(kOne, again);
  EXPECT_EQ(ran, 100'000) << "and no stack has run out";
  EXPECT_TRUE(lanes_.IsIdle());
}

TEST_F(StreamLanesTest, ManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  std::atomic<int> inside = 0;
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        lanes_.Add(kOne, [&](StreamLanes::Finished finished) {
          EXPECT_EQ(inside.fetch_add(1), 0);
          ++ran;
          inside.fetch_sub(1);
          finished();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(lanes_.IsIdle());
  EXPECT_EQ(ran, kThreads * kRounds);
}

}  // namespace
}  // namespace srsproxy::redis
