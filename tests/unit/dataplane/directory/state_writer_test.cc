#include "dataplane/directory/state_writer.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

bool Post(StateWriter& writer, StateWriter::Task task) { return writer.Post(task); }

TEST(StateWriterTest, RunsTasksInOrderOnItsThread) {
  std::vector<int> ran;
  std::latch done(1);
  StateWriter writer(absl::Hours(1), [] {});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(Post(writer, [&ran, i](bool run) { ran.push_back(run ? i : -1); }));
  }
  EXPECT_TRUE(Post(writer, [&done](bool) { done.count_down(); }));
  done.wait();
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2}));
}

TEST(StateWriterTest, TakesNoMoreThanItsLimitAndEndsWhatWaits) {
  std::latch running(1);
  std::latch go_on(1);
  std::atomic<size_t> cancelled{0};
  StateWriter writer(absl::Hours(1), [] {});
  ASSERT_TRUE(Post(writer, [&](bool) {
    running.count_down();
    go_on.wait();
  }));
  running.wait();
  const auto count = [&](bool run) { cancelled += run ? 0 : 1; };
  for (size_t i = 0; i < StateWriter::kMaxWaiting; ++i) ASSERT_TRUE(Post(writer, count));
  EXPECT_FALSE(Post(writer, count));
  std::thread stop([&] { writer.Stop(); });
  // Refused from now on, for whatever reason: the first task still runs.
  EXPECT_FALSE(Post(writer, count));
  go_on.count_down();
  stop.join();
  EXPECT_LE(cancelled, StateWriter::kMaxWaiting);
  EXPECT_FALSE(Post(writer, count));
  writer.Stop();
}

TEST(StateWriterTest, CallsEachPeriodWhenNothingElseIsToBeDone) {
  std::latch twice(2);
  std::atomic<int> left{2};
  StateWriter writer(absl::Milliseconds(1), [&] {
    if (left-- > 0) twice.count_down();
  });
  twice.wait();
}

}  // namespace
}  // namespace srsproxy
