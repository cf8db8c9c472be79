#include "dataplane/net/blocking_pool.h"

#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "run_task.h"

namespace srsproxy::net {
namespace {

using Number = absl::StatusOr<int>;

// Spawns a call and keeps its result.
void Spawn(asio::io_context& io, BlockingPool& pool, std::function<Number()> call,
           std::vector<Number>& results) {
  asio::co_spawn(io, pool.Run(io.get_executor(), std::move(call)),
                 [&results](const std::exception_ptr&, Number result) {
                   results.push_back(std::move(result));
                 });
}

TEST(BlockingPoolTest, CallsElsewhereAndResumesHere) {
  asio::io_context io;
  BlockingPool pool(1, 8);
  const auto here = std::this_thread::get_id();
  std::thread::id there;
  std::thread::id resumed;
  auto ask = [&]() -> Task<Number> {
    auto call = [&there]() -> Number {
      there = std::this_thread::get_id();
      return 5;
    };
    auto result = co_await pool.Run(io.get_executor(), std::move(call));
    resumed = std::this_thread::get_id();
    co_return result;
  };
  EXPECT_EQ(*testing::RunTask(io, ask()), 5);
  EXPECT_NE(there, here);
  EXPECT_EQ(resumed, here);
}

TEST(BlockingPoolTest, OwnsWhatOnlyMoves) {
  asio::io_context io;
  BlockingPool pool(1, 8);
  auto call = [text = std::make_unique<int>(7)]() mutable -> absl::StatusOr<std::unique_ptr<int>> {
    return std::move(text);
  };
  EXPECT_EQ(**testing::RunTask(io, pool.Run(io.get_executor(), std::move(call))), 7);
}

TEST(BlockingPoolTest, RefusesMoreThanMayWait) {
  asio::io_context io;
  BlockingPool pool(1, 2);
  std::promise<void> go;
  std::vector<Number> results;
  Spawn(
      io, pool, [&go] { return go.get_future().wait(), Number(1); }, results);
  Spawn(
      io, pool, [] { return Number(2); }, results);
  Spawn(
      io, pool, [] { return Number(3); }, results);
  while (results.empty()) io.run_one();
  EXPECT_TRUE(absl::IsResourceExhausted(results[0].status()));
  go.set_value();
  io.run();
  ASSERT_EQ(results.size(), 3);
  EXPECT_EQ(*results[1], 1);
  EXPECT_EQ(*results[2], 2);
  io.restart();
  Spawn(
      io, pool, [] { return Number(4); }, results);
  io.run();
  EXPECT_EQ(*results.back(), 4) << "there is room again";
}

TEST(BlockingPoolTest, StopWaitsForCallsAndRefusesLaterOnes) {
  asio::io_context io;
  BlockingPool pool(2, 8);
  std::vector<Number> results;
  Spawn(
      io, pool, [] { return Number(1); }, results);
  io.poll();
  pool.Stop();
  io.run();
  EXPECT_EQ(*results.at(0), 1);
  io.restart();
  Spawn(
      io, pool, [] { return Number(2); }, results);
  io.run();
  EXPECT_TRUE(absl::IsCancelled(results.at(1).status()));
}

}  // namespace
}  // namespace srsproxy::net
