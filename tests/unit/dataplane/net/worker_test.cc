#include "dataplane/net/worker.h"

#include <future>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "dataplane/net/task.h"
#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy::net {
namespace {

TEST(WorkerTest, RunsOnAThreadOfItsOwn) {
  Worker worker(0);
  worker.Start();
  std::promise<std::thread::id> where;
  asio::post(worker.io(), [&where] { where.set_value(std::this_thread::get_id()); });
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(WorkerTest, ThereIsOneForEachCoreUnlessSetOtherwise) {
  EXPECT_GE(MakeWorkers(0).size(), 1);
  EXPECT_EQ(MakeWorkers(5).size(), 5);
}

TEST(AwaitCallbackTest, ResumesOnTheCallersExecutorWhicheverThreadAnswers) {
  for (const bool inline_answer : {true, false}) {
    asio::io_context io;
    std::thread other;
    const auto ask = [&]() -> Task<int> {
      auto start = [&](auto done) {
        if (inline_answer) return done(7);
        other = std::thread([done = std::move(done)]() mutable { done(7); });
      };
      const auto answer = co_await AwaitCallback<int>(io.get_executor(), std::move(start));
      EXPECT_TRUE(io.get_executor().running_in_this_thread());
      co_return *answer;
    };
    EXPECT_EQ(testing::RunTask(io, ask()), 7);
    if (other.joinable()) other.join();
  }
}

}  // namespace
}  // namespace srsproxy::net
